// What a person asks for on the dashboard: a look at once, a pause, a reset of the quota.
import { beijingDate, handDeduplicationId } from "@tokenkeeper/core";
import { pauseKey, quotaKey } from "@tokenkeeper/shared/contract";
import type { Job } from "bullmq";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

/** What the button does. */
function ask(name: string, reason: Parameters<typeof handDeduplicationId>[1] = "operator"): Promise<Job> {
  const ref = { account: world.appId(name), kind: "access_token" } as const;
  const deduplication = { id: handDeduplicationId(ref, reason) };
  return world.refreshQueue.add(`${name} · access_token`, { ...ref, reason }, { attempts: 1, deduplication });
}

async function ended(job: Job): Promise<Job> {
  return eventually(
    async () => {
      expect(["completed", "failed"]).toContain(await job.getState());
      return (await world.refreshQueue.getJob(job.id ?? "")) as Job;
    },
    { what: "the job to end", timeoutMs: 30_000 },
  );
}

describe("a refresh that a person asks for", () => {
  it("passes the wait for a person once the cause is mended", async () => {
    world = await startWorld({ scale: 1, accounts: [{ name: "shop", wechat: { whitelist: ["198.51.100.1"] } }] });
    await world.startRuntime();
    await eventually(async () => expect(await world.refreshQueue.getFailedCount()).toBe(1), {
      what: "the refusal",
      timeoutMs: 30_000,
    });
    world.simulator.control.patchAccount(world.appId("shop"), { whitelist: null });

    const job = await ended(await ask("shop"));

    expect(job.returnvalue).toMatchObject({ outcome: "refreshed", reason: "missing" });
    expect(world.fetches("shop").map(({ errcode }) => errcode)).toEqual([40164, 0]);
  });

  it("fetches nothing when the value is fresh, and says so in the history", async () => {
    world = await startWorld({ scale: 1, accounts: [{ name: "shop" }] });
    await world.startRuntime();
    await world.client({ waitMs: 10_000 }).getAccessToken("shop");

    const job = await ended(await ask("shop"));

    expect(job.returnvalue).toMatchObject({ outcome: "fresh" });
    expect(world.fetches("shop")).toHaveLength(1);
  });
});

describe("a paused account", () => {
  it("is not fetched by plan, demand or hand; the stored value stays; resumed it goes on", async () => {
    world = await startWorld({ scale: 120, accounts: [{ name: "shop", token: "classic" }] });
    await world.startRuntime();
    await world.client({ waitMs: 10_000 }).getAccessToken("shop");
    const { redis } = world.redis;
    const key = pauseKey(world.appId("shop"));
    await redis.set(key, JSON.stringify({ by: "keeper", at: Date.now() }));
    const before = world.fetches("shop").length;

    const refused = [await ended(await ask("shop")), await ended(await ask("shop", "forced"))];
    for (const job of refused)
      expect(job.failedReason).toMatch(/^blocked · paused \| .*暂停.* \| The account is paused/);
    const token = await world.client().getAccessToken("shop");
    expect(await world.businessCall(token)).toMatchObject({ openid: expect.any(String) });
    // Half its life later the plan has come and gone.
    const plan = Number(await redis.hget(`wx:ctl:{${world.appId("shop")}}:access_token`, "plan_at"));
    await eventually(() => expect(Date.now()).toBeGreaterThan(plan + 1_500), {
      what: "the planned time to pass",
      timeoutMs: 50_000,
    });
    expect(world.fetches("shop")).toHaveLength(before);

    await redis.del(key);

    await eventually(() => expect(world.fetches("shop").length).toBeGreaterThan(before), {
      what: "the refresh that is due",
      timeoutMs: 20_000,
    });
  });
});

describe("a reset of WeChat's quota", () => {
  const usedUp = { call: "stable_token", fault: { type: "errcode", errcode: 45009 }, times: 1 } as const;

  it("is asked of WeChat once, and the refresh goes on that the used-up quota had stopped", async () => {
    world = await startWorld({ scale: 5, accounts: [{ name: "shop" }] });
    world.simulator.control.addFault(world.appId("shop"), usedUp);
    await world.startRuntime();
    const control = `wx:ctl:{${world.appId("shop")}}:access_token`;
    const { redis } = world.redis;
    await eventually(async () => expect(await redis.hget(control, "block_code")).toBe("45009"), { what: "the block" });

    const job = await ended(await ask("shop", "quota_reset"));

    expect(job.returnvalue).toEqual({ outcome: "quota_reset", left: 9 });
    expect(world.resets("shop")).toHaveLength(1);
    await eventually(() => expect(world.fetches("shop").at(-1)?.errcode).toBe(0), { what: "the refresh" });
  });

  it("is sent ten times a month at the most, and never twice by one job", async () => {
    world = await startWorld({ scale: 5, accounts: [{ name: "shop" }] });
    await world.startRuntime();
    const key = quotaKey(world.appId("shop"), beijingDate(Date.now()).slice(0, "YYYY-MM".length));
    await world.redis.redis.hset(key, "clear_quota:hand", "9");

    const last = await ended(await ask("shop", "quota_reset"));
    const refused = await ended(await ask("shop", "quota_reset"));
    const refusal = refused.failedReason;
    await world.redis.redis.hset(key, "clear_quota:hand", "1", "clear_quota_job", refused.id ?? "");
    await refused.retry("failed");
    const again = await eventually(
      async () => {
        const job = await world.refreshQueue.getJob(refused.id ?? "");
        expect(job?.failedReason).toMatch(/^reset \| /);
        return job;
      },
      { what: "the job that came back" },
    );

    expect(last.returnvalue).toEqual({ outcome: "quota_reset", left: 0 });
    expect(refusal).toMatch(/^48006 \| 本月.* \| The month's 10 resets are used up/);
    expect(again?.failedReason).toContain("is not known");
    expect(world.resets("shop")).toHaveLength(1);
  });
});
