// The proxy of the chaos run in front of a real Redis: each fault does what its name says.
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestRedis, type TestRedis } from "../support/redis.ts";
import { createFaultProxy, type FaultProxy } from "./fault-proxy.ts";
import { seededRandom } from "./random.ts";

let server: TestRedis;
let proxy: FaultProxy;
let client: Redis;
beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server.stop());

beforeEach(async () => {
  const url = new URL(server.url);
  proxy = await createFaultProxy({ targetPort: Number(url.port), random: seededRandom(1) });
  url.port = String(proxy.port);
  client = new Redis(url.href, { protocol: 2, retryStrategy: () => 20, maxRetriesPerRequest: null });
  client.on("error", () => undefined);
  await client.set("key", "value");
  await client.del("count");
});
afterEach(async () => {
  client.disconnect();
  await proxy[Symbol.asyncDispose]();
});

const never = new AbortController().signal;

describe("the fault proxy", () => {
  it("passes commands and replies on", async () => {
    expect(await client.get("key")).toBe("value");
  });

  it("delays both ways by its latency", async () => {
    proxy.set({ latency: { ms: 40, jitter: 5 } });
    const from = performance.now();
    await client.get("key");
    expect(performance.now() - from).toBeGreaterThanOrEqual(79);
  });

  it("slices what passes, and nothing is lost or put in another order", async () => {
    const long = "0123456789".repeat(500);
    proxy.set({ slicer: 700 });
    await client.set("long", long);
    expect(await client.get("long")).toBe(long);
  });

  it("swallows everything while it times out", async () => {
    proxy.set({ timeout: true });
    const answer = await Promise.race([client.get("key"), sleep(200, "nothing")]);
    expect(answer).toBe("nothing");
  });

  it("resets connections; a client that connects again goes on", async () => {
    expect(proxy.resetPeers()).toBe(1);
    expect(await client.get("key")).toBe("value");
  });

  it("refuses connections while it is down, and takes them again", async () => {
    await proxy.down();
    const waiting = client.get("key");
    expect(await Promise.race([waiting, sleep(200, "nothing")])).toBe("nothing");
    await proxy.up();
    expect(await waiting).toBe("value");
  });

  it("drops the reply of a command that was carried out: ioredis sends it again", async () => {
    const intercepted = proxy.intercept((request) => request.includes("incr"), never);
    const counted = client.incr("count");
    (await intercepted)?.drop();
    expect(await counted).toBe(2);
  });

  it("holds a reply and passes it on later", async () => {
    const intercepted = proxy.intercept((request) => request.includes("incr"), never);
    const counted = client.incr("count");
    const reply = await intercepted;
    expect(await server.redis.get("count")).toBe("1");
    reply?.release();
    expect(await counted).toBe(1);
  });

  it("gives up waiting for a request when it is told to", async () => {
    const waiting = new AbortController();
    const intercepted = proxy.intercept(() => false, waiting.signal);
    waiting.abort();
    expect(await intercepted).toBeUndefined();
    expect(await client.get("key")).toBe("value");
  });
});
