// What the leader's workers write down of an instance that follows, whichever of them it asks.
import { parseFollowerEntry, type FollowerEntry } from "@tokenkeeper/core";
import { FOLLOWERS_KEY } from "@tokenkeeper/shared/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createFollowerStore, type FollowerStore } from "../../packages/worker/src/store/follower-store.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";

const WINDOW = 60_000;

let server: TestRedis;
let workers: readonly FollowerStore[];
beforeAll(async () => {
  server = await startTestRedis();
  workers = [createFollowerStore(server.redis), createFollowerStore(server.redis)];
});
afterAll(() => server.stop());
beforeEach(() => server.redis.del(FOLLOWERS_KEY));

async function see(worker: number, accounts: readonly string[]): Promise<FollowerEntry | undefined> {
  await workers[worker]?.see("staging", accounts, WINDOW);
  return parseFollowerEntry((await server.redis.hget(FOLLOWERS_KEY, "staging")) ?? "");
}

describe("an instance that follows", () => {
  it("has all of its accounts in its entry, though each worker was asked about a part of them", async () => {
    const part = Array.from({ length: 500 }, (_, index) => `wxa${index}`);
    await see(0, part);
    await see(1, ["wxb", "wxc"]);
    const entry = await see(0, part);

    const [seconds] = await server.redis.time();
    expect(Object.keys(entry?.accounts ?? {}).toSorted()).toEqual([...part, "wxb", "wxc"].toSorted());
    expect(Math.abs((entry?.lastSeen ?? 0) - Number(seconds) * 1_000)).toBeLessThan(5_000);
    expect(await server.redis.ttl(FOLLOWERS_KEY)).toBeGreaterThan(0);
  });

  it("loses the accounts that it asks about no more", async () => {
    const now = Date.now();
    const accounts = { wxold: now - WINDOW - 1, wxlate: now - WINDOW / 2, wxfuture: now + WINDOW };
    await server.redis.hset(FOLLOWERS_KEY, "staging", JSON.stringify({ lastSeen: now, accounts }));

    const entry = await see(0, []);

    expect(entry?.accounts).toEqual({ wxlate: now - WINDOW / 2 });
  });

  it.each([
    ["no JSON", "{"],
    ["another form", '{"lastSeen":1,"accounts":["wxa"]}'],
    ["other values", '{"accounts":{"wxa":"x","wxb":{}}}'],
    ["nothing of an entry", "[1,2]"],
    ["a number", "7"],
  ])("is written down over %s", async (_what, text) => {
    await server.redis.hset(FOLLOWERS_KEY, "staging", text);

    expect(Object.keys((await see(0, ["wxmine"]))?.accounts ?? {})).toEqual(["wxmine"]);
  });

  it("is written down where a key of another type stood", async () => {
    await server.redis.set(FOLLOWERS_KEY, "text");

    expect(Object.keys((await see(0, ["wxmine"]))?.accounts ?? {})).toEqual(["wxmine"]);
  });
});
