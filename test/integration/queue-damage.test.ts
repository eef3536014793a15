import { afterEach, describe, expect, it } from "vitest";
import { controlKey, recordKey, type CredentialRef } from "@tokenkeeper/shared/contract";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

function credentialOf(name: string): CredentialRef {
  return { account: world.appId(name), kind: "access_token" };
}

describe("a damaged queue", () => {
  it("that is paused does not keep a value from being refreshed, and the history tells of it afterwards", async () => {
    world = await startWorld({ accounts: [{ name: "shop", token: "classic" }] });
    await world.startRuntime();
    const first = await world.client({ waitMs: 10_000 }).getAccessToken("shop");
    await world.refreshQueue.pause();
    await world.redis.redis.hset(controlKey(credentialOf("shop")), "plan_at", 1);

    await eventually(
      async () => expect(await world.redis.redis.hget(recordKey(credentialOf("shop")), "value")).not.toBe(first),
      { what: "a refresh without the queue", timeoutMs: 20_000 },
    );
    await world.refreshQueue.resume();

    await eventually(
      async () => {
        const jobs = await world.refreshQueue.getCompleted();
        expect(jobs.map(({ data }: { data: { reason: string } }) => data.reason)).toContain("fallback");
      },
      { what: "the entry in the history" },
    );
    expect(world.fetches("shop")).toHaveLength(2);
  });

  it("does not hide a failure: its remedy is on the board as soon as the queue runs again", async () => {
    world = await startWorld({ accounts: [{ name: "shop", wechat: { whitelist: ["198.51.100.1"] } }] });
    await world.refreshQueue.pause();
    await world.startRuntime();
    await eventually(() => expect(world.fetches("shop")).toHaveLength(1), {
      what: "the refused fetch",
      timeoutMs: 20_000,
    });

    await world.refreshQueue.resume();

    await eventually(
      async () => {
        const [job] = await world.refreshQueue.getFailed();
        expect(job?.failedReason).toMatch(/^40164 · ip \S+ · rid \S+ \| /);
      },
      { what: "the failed job" },
    );
  });

  it("that is obliterated has its schedulers and its plan again soon after", async () => {
    world = await startWorld({ accounts: [{ name: "shop", tickets: ["jsapi"] }] });
    await world.startRuntime();
    await world.client({ waitMs: 10_000 }).getTicket("shop", "jsapi");
    await world.scheduleQueue.obliterate({ force: true });
    await world.refreshQueue.obliterate({ force: true });
    expect(await world.scheduleQueue.getJobSchedulersCount()).toBe(0);

    await eventually(
      async () => {
        expect(await world.scheduleQueue.getJobSchedulersCount()).toBe(3);
        expect(await world.refreshQueue.getDelayedCount()).toBe(2);
      },
      { what: "schedulers and plan", timeoutMs: 20_000 },
    );
  });

  it("with edited job data calls nobody and says so", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }] });
    await world.startRuntime();
    await world.client({ waitMs: 10_000 }).getAccessToken("shop");
    const before = world.simulator.control.log().length;

    const job = await world.refreshQueue.add("shop", {
      account: "../x",
      baseUrl: "http://169.254.169.254/",
      kind: "secret",
    });

    await eventually(
      async () => expect((await world.refreshQueue.getJob(job.id ?? ""))?.failedReason).toMatch(/^job data \| /),
      { what: "the refusal" },
    );
    expect(world.simulator.control.log()).toHaveLength(before);
  });
});
