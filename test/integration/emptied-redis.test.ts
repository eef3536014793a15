// A Redis that was emptied: FLUSHALL, a failover to a server without data.
import { afterEach, describe, expect, it } from "vitest";
import { fingerprint, recordKey, REPORTS_KEY } from "@tokenkeeper/shared/contract";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

describe("an emptied Redis", () => {
  it("takes no account from an app that asks by name and has asked before", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }] });
    const worker = await world.startRuntime();
    const app = world.client({ cacheMs: 10 });
    const token = await app.getAccessToken("shop");
    await worker.stop();

    await world.redis.redis.flushall();

    expect(await app.getAccessToken("shop")).toBe(token);
  });

  it("makes no old ticket young again: a worker that has only seen it knows its age", async () => {
    const wechat = { ticketLifeSeconds: 3_600 };
    world = await startWorld({ scale: 20, accounts: [{ name: "shop", tickets: ["jsapi"], wechat }] });
    const committer = await world.startRuntime();
    await world.client({ waitMs: 10_000 }).getTicket("shop", "jsapi");
    const key = recordKey({ account: world.appId("shop"), kind: "jsapi_ticket" });
    const end = Number(await world.redis.redis.hget(key, "expires_at"));
    await world.startRuntime();
    await committer.stop();

    await world.redis.redis.flushall();

    const again = await eventually(
      async () => {
        const found = Number(await world.redis.redis.hget(key, "expires_at"));
        expect(found).toBeGreaterThan(0);
        return found;
      },
      { what: "the ticket to be fetched again", timeoutMs: 20_000 },
    );
    expect(world.fetches("shop", "getticket:jsapi").map(({ verdict }) => verdict)).toEqual(["issued", "same"]);
    expect(again).toBe(end);
  });

  it("is filled by a report alone: whoever reports a value that is no longer there misses one", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }] });
    const committer = await world.startRuntime();
    const token = await world.tokens.getAccessToken("shop");
    await world.startRuntime({ planners: { ticks: false, sweep: false, fallback: false } });
    await committer.stop();

    await world.redis.redis.flushall();
    const ref = { account: world.appId("shop"), kind: "access_token" } as const;
    await world.redis.redis.xadd(REPORTS_KEY, "*", ...Object.entries({ ...ref, fp: fingerprint(token) }).flat());

    const stored = (): Promise<string | null> => world.redis.redis.hget(recordKey(ref), "value");
    await eventually(async () => expect(await stored()).toBe(token), { what: "a value", timeoutMs: 20_000 });
  });

  it("is told the names of all accounts again, and which worker has them", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }] });
    await world.startRuntime();
    const token = await world.tokens.getAccessToken("shop");
    await world.redis.redis.flushall();

    const again = await eventually(() => world.client().getAccessToken("shop"), { what: "the name to be known" });

    expect(again).toBe(token);
    const [claims] = await world.redis.redis.keys("wx:worker:*:credentials");
    expect(await world.redis.redis.smembers(claims ?? "")).toEqual([`${world.appId("shop")}:access_token`]);
  });
});
