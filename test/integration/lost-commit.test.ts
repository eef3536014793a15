import { afterEach, describe, expect, it } from "vitest";
import { controlKey, recordKey, type CredentialRef } from "@tokenkeeper/shared/contract";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

function credentialOf(name: string): CredentialRef {
  return { account: world.appId(name), kind: "access_token" };
}

describe("a commit that Redis loses", () => {
  it("is put back by the worker that made it, without another fetch", async () => {
    world = await startWorld({ scale: 1, accounts: [{ name: "shop", token: "classic" }] });
    await world.startRuntime({ planners: { ticks: false, sweep: false, fallback: false } });
    const token = await world.client({ waitMs: 10_000 }).getAccessToken("shop");
    const idle = async (): Promise<void> =>
      expect(await world.refreshQueue.getJobCountByTypes("active", "waiting")).toBe(0);
    await eventually(idle, { what: "the jobs to end" });

    await world.redis.redis.flushall();

    await eventually(
      async () => expect(await world.redis.redis.hget(recordKey(credentialOf("shop")), "value")).toBe(token),
      { what: "the value to be back" },
    );
    expect(world.fetches("shop")).toHaveLength(1);
  });
});

describe("an unknown outcome that Redis loses", () => {
  it("is settled all the same, because the worker that met it knows of it", async () => {
    world = await startWorld({ scale: 10, accounts: [{ name: "shop", token: "classic" }] });
    await world.startRuntime();
    await world.client({ waitMs: 10_000 }).getAccessToken("shop");
    const key = controlKey(credentialOf("shop"));
    const { redis } = world.redis;
    const before = await redis.hgetall(key);
    world.simulator.control.addFault(world.appId("shop"), { call: "token", fault: { type: "execute_then_reset" } });
    await redis.hset(key, "plan_at", 1);
    await eventually(async () => expect(await redis.hget(key, "unknown_at")).not.toBeNull(), {
      what: "the outcome to be unknown",
      timeoutMs: 20_000,
    });

    // A rollback to before the attempt.
    await redis.multi().del(key).hset(key, before).exec();

    await eventually(() => expect(world.fetches("shop").length).toBeGreaterThanOrEqual(3), {
      what: "the settle",
      timeoutMs: 30_000,
    });
    await eventually(async () => expect(await redis.hget(key, "last_reason")).toBe("settle_due"), { what: "its end" });
  });
});

describe("a stable token that WeChat refuses and yet returns", () => {
  it("is fetched once, marked as suspect, and not fetched again and again", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }] });
    await world.startRuntime();
    const appId = world.appId("shop");
    const app = world.client({ waitMs: 500 });
    await app.getAccessToken("shop");
    const refused = { type: "errcode", errcode: 40001 } as const;
    for (const call of ["user/info", "get_api_domain_ip"] as const) {
      world.simulator.control.addFault(appId, { call, fault: refused, times: null });
    }

    const reply = await app.withToken("shop", (token) => world.businessCall(token));
    await eventually(
      async () =>
        expect(await world.redis.redis.hget(`wx:ctl:{${appId}}:access_token`, "suspect")).toMatch(/^[0-9a-f]{16}$/),
      { what: "the suspicion" },
    );
    for (let call = 0; call < 5; call += 1) await app.withToken("shop", (token) => world.businessCall(token));

    expect(reply).toMatchObject({ errcode: 40001 });
    expect(world.fetches("shop")).toHaveLength(2);
  });
});

describe("a classic token that another system has fetched away", () => {
  it("is refreshed, and the day's counters say that somebody else fetches", async () => {
    world = await startWorld({ accounts: [{ name: "shop", token: "classic" }] });
    await world.startRuntime();
    const appId = world.appId("shop");
    await world.client({ waitMs: 10_000 }).getAccessToken("shop");
    for (let fetch = 0; fetch < 2; fetch += 1) world.simulator.control.foreignFetch(appId, { family: "classic" });

    const reply = await world.client({ waitMs: 10_000 }).withToken("shop", (token) => world.businessCall(token));

    expect(reply).toMatchObject({ openid: expect.any(String) });
    const [quota] = await world.redis.redis.keys(`wx:quota:{${appId}}:*`);
    expect(await world.redis.redis.hgetall(quota ?? "")).toMatchObject({
      reported: "1",
      foreign: "1",
      classic_token: "2",
    });
  });
});
