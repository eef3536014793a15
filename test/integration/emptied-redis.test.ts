// A Redis that was emptied: FLUSHALL, a failover to a server without data.
import { afterEach, describe, expect, it } from "vitest";
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
