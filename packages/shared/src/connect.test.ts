import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Cluster } from "ioredis";
import { connect, findRedisUrl, START_URL_FILE, type AppRedis } from "./connect.ts";
import { TokenClientUsageError } from "./errors.ts";

describe("findRedisUrl", () => {
  let project: string;

  beforeEach(async () => {
    project = await mkdtemp(join(tmpdir(), "tokenkeeper-shared-"));
  });
  afterEach(() => rm(project, { recursive: true, force: true }));

  const startHasRun = async (): Promise<void> => {
    await mkdir(dirname(join(project, START_URL_FILE)));
    await writeFile(join(project, START_URL_FILE), "redis://127.0.0.1:7001\n");
  };

  it("takes REDIS_URL first", async () => {
    await startHasRun();

    expect(findRedisUrl({ REDIS_URL: "redis://cache.example" }, project)).toBe("redis://cache.example");
  });

  it("takes the file that start wrote, in this folder or one above, when REDIS_URL is not set or empty", async () => {
    await startHasRun();

    expect(findRedisUrl({}, project)).toBe("redis://127.0.0.1:7001");
    expect(findRedisUrl({ REDIS_URL: "" }, join(project, "packages", "app"))).toBe("redis://127.0.0.1:7001");
  });

  it("says what to do when there is neither", () => {
    expect(() => findRedisUrl({}, project)).toThrow(TokenClientUsageError);
    expect(() => findRedisUrl({}, project)).toThrow(/pass `redis` .* set REDIS_URL, or run `npx -y pnpm start`/);
  });
});

describe("connect", () => {
  it("says what is expected when it is given something else", () => {
    const cluster = new Cluster([{ host: "127.0.0.1", port: 1 }], { lazyConnect: true });
    const nodeRedis = { options: {}, duplicate: () => undefined, hGet: () => undefined };

    for (const wrong of [cluster, nodeRedis, {}, null, 6379]) {
      expect(() => connect(wrong as unknown as AppRedis)).toThrow(/neither a URL nor a client of ioredis/);
    }
    cluster.disconnect();
  });
});
