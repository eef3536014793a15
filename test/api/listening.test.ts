import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { startWorld, type World } from "../support/world.ts";
import { ask } from "./client.ts";
import { sendRaw } from "./raw.ts";

let world: World;

describe("the port of the token HTTP API", () => {
  afterEach(() => world[Symbol.asyncDispose]());

  it("stays closed without a section api", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }] });
    await world.startRuntime();

    await expect(fetch(world.apiUrl)).rejects.toThrow("fetch failed");
  });

  it("that is taken ends the start with a sentence", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }], keys: [] });
    const { port } = new URL(world.apiUrl);
    const other = createServer().listen(Number(port), "127.0.0.1");
    onTestFinished(() => void other.close());
    await once(other, "listening");

    await expect(world.startRuntime()).rejects.toMatchObject({
      name: "StartError",
      obstacle: "port",
      message: `The token API cannot listen at 127.0.0.1 port ${port}: another program does, or the address is not this machine's. Change api.port or api.host.`,
    });
  });

  it("closes in time though clients hold their connections, and one waits for a value", async () => {
    const wrongSecret = "deadbeefdeadbeefdeadbeefdeadbeef";
    world = await startWorld({ accounts: [{ name: "shop", wrongSecret }], keys: [{ name: "java" }], scale: 1 });
    const worker = await world.startWorker();
    const idle = connect(Number(new URL(world.apiUrl).port), "127.0.0.1");
    onTestFinished(() => void idle.destroy());
    await once(idle, "connect");
    const waiting = ask(world, "shop", { key: "java" }).catch(() => undefined);

    const { code, tookMs } = await worker.stop();

    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(12_000);
    await waiting;
  });

  it("does not wait for ever for a request that never ends", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }], keys: [] });
    await world.startRuntime();

    const answer = await sendRaw(world.apiUrl, "GET /v1/openapi.json HTTP/1.1\r\nHost: tok");

    expect(answer.status).toBe(408);
    expect(JSON.parse(answer.body)).toMatchObject({ error: "timeout" });
  });
});

describe("pnpm api-key", () => {
  it("makes another key each time, with the hash that the configuration wants", async () => {
    const script = join(import.meta.dirname, "../../packages/worker/src/api-key.ts");
    const run = async (): Promise<{ key: string; hash: string }> => {
      const { stdout } = await promisify(execFile)(process.execPath, [script]);
      const [, key = "", hash = ""] = /^ {2}([\w-]{43})$[^]*^ {2}hash: sha256:([0-9a-f]{64})$/m.exec(stdout) ?? [];
      return { key, hash };
    };

    const [one, other] = [await run(), await run()];

    expect(one.hash).toBe(createHash("sha256").update(one.key).digest("hex"));
    expect(other.key).not.toBe(one.key);
  });
});
