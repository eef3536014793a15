import type { Job } from "bullmq";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

/** What the button and the command of a person do. */
function force(name: string): Promise<Job> {
  const data = { account: world.appId(name), kind: "access_token", reason: "forced" };
  return world.refreshQueue.add(`${name} · access_token`, data, { attempts: 1 });
}

async function ended(job: Job): Promise<Job> {
  return eventually(
    async () => {
      expect(["completed", "failed"]).toContain(await job.getState());
      return (await world.refreshQueue.getJob(job.id ?? "")) as Job;
    },
    { what: "the job to end", timeoutMs: 40_000 },
  );
}

function modes(name: string): (string | undefined)[] {
  return world.fetches(name, "stable_token").map(({ mode }) => mode);
}

describe("a forced refresh", () => {
  it("brings another stable token although the one before is fresh, and an app learns of it", async () => {
    world = await startWorld({ scale: 1, accounts: [{ name: "shop" }] });
    await world.startRuntime();
    const app = world.client({ waitMs: 10_000 });
    const before = await app.getAccessToken("shop");

    const job = await ended(await force("shop"));

    expect(job.returnvalue).toMatchObject({ outcome: "refreshed", reason: "forced", unchanged: false });
    expect(modes("shop")).toEqual(["normal", "force"]);
    await eventually(async () => expect(await app.getAccessToken("shop")).not.toBe(before), { what: "the new token" });
  });

  it("mends a stable token that WeChat refuses and yet returns", async () => {
    world = await startWorld({ scale: 20, accounts: [{ name: "shop" }] });
    await world.startRuntime();
    const app = world.client({ waitMs: 10_000 });
    const refusedToken = await app.getAccessToken("shop");
    const control = `wx:ctl:{${world.appId("shop")}}:access_token`;
    await world.redis.redis.hset(control, "suspect", (await world.redis.redis.hget(control, "fingerprint")) ?? "");

    await ended(await force("shop"));

    expect(await world.redis.redis.hget(control, "suspect")).toBeNull();
    await eventually(async () => expect(await app.getAccessToken("shop")).not.toBe(refusedToken), {
      what: "another token",
    });
  });

  it("keeps 30 s from when WeChat carried out the one before: a second one waits, and both bring another token", async () => {
    world = await startWorld({ scale: 10, accounts: [{ name: "shop" }] });
    await world.startRuntime();
    await world.client({ waitMs: 10_000 }).getAccessToken("shop");
    const late = { call: "stable_token", fault: { type: "delay", ms: 700 } } as const;
    world.simulator.control.addFault(world.appId("shop"), late);

    const jobs = await Promise.all([force("shop"), force("shop")]);
    for (const job of jobs)
      expect((await ended(job)).returnvalue).toMatchObject({ reason: "forced", unchanged: false });

    const forced = world.fetches("shop", "stable_token").filter(({ mode }) => mode === "force");
    expect(forced.map(({ verdict }) => verdict)).toEqual(["issued", "issued"]);
  });

  it("is made at most 20 times a day, and then says so", async () => {
    world = await startWorld({ scale: 1, accounts: [{ name: "shop" }] });
    await world.startRuntime();
    await world.client({ waitMs: 10_000 }).getAccessToken("shop");
    await ended(await force("shop"));
    const [quota] = await world.redis.redis.keys("wx:quota:*");
    expect(await world.redis.redis.hget(quota ?? "", "stable_token_forced:hand")).toBe("1");
    await world.redis.redis.hset(quota ?? "", "stable_token_forced:hand", "20");

    const job = await ended(await force("shop"));

    expect(job.failedReason).toMatch(/^blocked · budget /);
    expect(modes("shop")).toEqual(["normal", "force"]);
  });

  it("fetches a classic token once more", async () => {
    world = await startWorld({ scale: 1, accounts: [{ name: "shop", token: "classic" }] });
    await world.startRuntime();
    await world.client({ waitMs: 10_000 }).getAccessToken("shop");

    const job = await ended(await force("shop"));

    expect(job.returnvalue).toMatchObject({ outcome: "refreshed", reason: "forced" });
    expect(world.fetches("shop")).toHaveLength(2);
  });
});
