import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { findChromium, findRedisServer } from "@tokenkeeper/launcher";

describe("finding the programs that a start and the tests need", () => {
  let folder: string;
  let said: string[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "tokenkeeper-binaries-"));
    said = [];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const findRedis = (env: NodeJS.ProcessEnv): Promise<string> =>
    findRedisServer({ env, cacheFolder: join(folder, "cache"), say: (line) => said.push(line), asRoot: false });
  const findBrowser = (env: NodeJS.ProcessEnv): Promise<string> =>
    findChromium({ env, say: (line) => said.push(line), asRoot: false });

  it("takes the Redis that TOKENKEEPER_REDIS_SERVER names", async () => {
    expect(await findRedis({ TOKENKEEPER_REDIS_SERVER: inject("redisServer"), PATH: "" })).toBe(inject("redisServer"));
  });

  it("does not pass over a TOKENKEEPER_REDIS_SERVER that is no Redis", async () => {
    await expect(findRedis({ ...process.env, TOKENKEEPER_REDIS_SERVER: "/bin/false" })).rejects.toMatchObject({
      exitCode: 69,
      message: expect.stringContaining("TOKENKEEPER_REDIS_SERVER does not name"),
    });
  });

  it.each(["redis-server", "valkey-server"])("finds %s on the PATH", async (name) => {
    const program = join(folder, name);
    await writeFile(program, `#!/bin/sh\nexec '${inject("redisServer")}' "$@"\n`, { mode: 0o755 });

    expect(await findRedis({ PATH: folder })).toBe(program);
    expect(said).toEqual([]);
  });

  it("passes over a Redis on the PATH that is too old", async () => {
    const old = join(folder, "redis-server");
    await writeFile(old, "#!/bin/sh\necho 'Redis server v=6.0.16 sha=00000000:0'\n", { mode: 0o755 });

    await expect(findRedis({ PATH: folder })).rejects.toThrow(/version 6\.2 or later/);
  });

  it("says how to get a Redis where there is neither one nor a package manager", async () => {
    await expect(findRedis({ PATH: folder })).rejects.toMatchObject({
      exitCode: 69,
      message: expect.stringMatching(/brew install redis.*apt-get install redis-server.*dnf install.*docker run/),
    });
  });

  it("takes the browser that CHROMIUM_PATH names, or the one on the PATH", async () => {
    await symlink(inject("chromium"), join(folder, "google-chrome"));

    expect(await findBrowser({ CHROMIUM_PATH: inject("chromium") })).toBe(inject("chromium"));
    expect(await findBrowser({ PATH: folder })).toBe(join(folder, "google-chrome"));
  });

  it("says how to get a browser where there is none", async () => {
    await expect(findBrowser({ PATH: folder })).rejects.toThrow(/apt-get install chromium.*CHROMIUM_PATH/);
    await expect(findBrowser({ CHROMIUM_PATH: join(folder, "none") })).rejects.toThrow(/Correct or unset it/);
  });
});
