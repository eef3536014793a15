import { createActions } from "@tokenkeeper/ops";
import type { Job } from "bullmq";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

const barred = { whitelist: ["198.51.100.1"] };

async function failedJobs(count: number): Promise<Job[]> {
  return eventually(
    async () => {
      const jobs = await world.refreshQueue.getFailed();
      expect(jobs.length).toBeGreaterThanOrEqual(count);
      return jobs;
    },
    { what: `${count} failed jobs`, timeoutMs: 30_000 },
  );
}

async function outcomeOf(job: Job): Promise<{ outcome: string }> {
  return eventually(
    async () => {
      expect(await job.getState()).toBe("completed");
      const again = await world.refreshQueue.getJob(job.id ?? "");
      return again?.returnvalue as { outcome: string };
    },
    { what: "the job to be completed", timeoutMs: 20_000 },
  );
}

describe("a re-run by hand", () => {
  it("passes the wait for a person, and ends refreshed when the cause is mended", async () => {
    world = await startWorld({ scale: 2, accounts: [{ name: "shop", wechat: barred }] });
    await world.startRuntime();
    const [job] = await failedJobs(1);
    world.simulator.control.patchAccount(world.appId("shop"), { whitelist: null });

    await job?.retry("failed");

    expect(await outcomeOf(job as Job)).toMatchObject({ outcome: "refreshed" });
    expect(world.fetches("shop").map(({ errcode }) => errcode)).toEqual([40164, 0]);
  });

  it("fails again with the remedy when the cause is still there, and can be re-run once more", async () => {
    world = await startWorld({ scale: 2, accounts: [{ name: "shop", wechat: barred }] });
    await world.startRuntime();
    const [job] = await failedJobs(1);
    await job?.retry("failed");
    await eventually(() => expect(world.fetches("shop")).toHaveLength(2), { what: "the second refusal" });
    await failedJobs(1);
    world.simulator.control.patchAccount(world.appId("shop"), { whitelist: null });

    await (await world.refreshQueue.getJob(job?.id ?? ""))?.retry("failed");

    expect(await outcomeOf(job as Job)).toMatchObject({ outcome: "refreshed" });
  });

  it("never passes the day's quota, and says until when", async () => {
    world = await startWorld({ scale: 2, accounts: [{ name: "shop" }] });
    const errcode = { type: "errcode", errcode: 45009 } as const;
    world.simulator.control.addFault(world.appId("shop"), { call: "stable_token", fault: errcode, times: null });
    await world.startRuntime();
    const [job] = await failedJobs(1);

    await job?.retry("failed");

    await eventually(
      async () => {
        const again = await world.refreshQueue.getJob(job?.id ?? "");
        expect(again?.failedReason).toMatch(/^45009 .*next attempt by itself: \d{4}-/);
      },
      { what: "the refusal of the re-run", timeoutMs: 20_000 },
    );
    expect(world.fetches("shop")).toHaveLength(1);
  });

  it("fetches once when several failed jobs of one credential are re-run together", async () => {
    world = await startWorld({ scale: 100, accounts: [{ name: "shop", wechat: barred }] });
    await world.startRuntime();
    const jobs = await failedJobs(3);
    world.simulator.control.patchAccount(world.appId("shop"), { whitelist: null });
    const before = world.fetches("shop").filter(({ errcode }) => errcode === 0).length;

    await Promise.all(jobs.map((job) => job.retry("failed").catch(() => undefined)));

    for (const job of jobs) expect(["refreshed", "fresh"]).toContain((await outcomeOf(job)).outcome);
    const fetched = world.fetches("shop").filter(({ errcode }) => errcode === 0);
    expect(fetched.length - before).toBe(1);
  });

  it("fetches once when several failed jobs of one credential are re-run together although nothing was mended", async () => {
    world = await startWorld({ scale: 100, accounts: [{ name: "shop", wechat: barred }] });
    const runtime = await world.startRuntime();
    const jobs = await failedJobs(4);
    await runtime.stop();
    // At this scale no slow re-check falls into the test.
    const config = { ...world.config(), timeScale: 1 };
    const before = world.fetches("shop").length;
    await Promise.all(jobs.map((job) => job.retry("failed")));

    await world.startRuntime({ config });

    // Each stays on the board with the remedy, the one that fetched and those that did not.
    await failedJobs(jobs.length);
    expect(world.fetches("shop")).toHaveLength(before + 1);
  });

  it.each(["operator", "forced"] as const)(
    "fetches once when several failed jobs by which people asked (%s) are re-run together",
    async (reason) => {
      world = await startWorld({ scale: 20, accounts: [{ name: "shop", wechat: barred }] });
      const runtime = await world.startRuntime();
      await failedJobs(1);
      const data = { account: world.appId("shop"), kind: "access_token", reason };
      for (let count = 2; count <= 4; count += 1) {
        await world.refreshQueue.add("shop · access_token", data, { attempts: 1 });
        await failedJobs(count);
      }
      await runtime.stop();
      const jobs = await world.refreshQueue.getFailed();
      // At this scale no slow re-check falls into the test.
      const config = { ...world.config(), timeScale: 4 };
      const before = world.fetches("shop").length;
      await Promise.all(jobs.map((job) => job.retry("failed")));

      await world.startRuntime({ config });

      await failedJobs(jobs.length);
      expect(world.fetches("shop")).toHaveLength(before + 1);
    },
  );

  it("of a job that ended after 20 starts runs, and until then the board says what to do", async () => {
    world = await startWorld({ scale: 2, accounts: [{ name: "shop" }] });
    const busy = { type: "errcode", errcode: -1 } as const;
    world.simulator.control.addFault(world.appId("shop"), { call: "stable_token", fault: busy, times: null });
    await world.startRuntime();
    const { redis } = world.redis;
    const waiting = await eventually(
      async () => {
        const [job] = (await world.refreshQueue.getDelayed()).filter(({ attemptsMade }) => attemptsMade > 0);
        if (!job) throw new Error("no job waits for its next attempt");
        return job;
      },
      { what: "a failed attempt", timeoutMs: 20_000 },
    );
    await redis.hset(world.refreshQueue.toKey(waiting.id ?? ""), "ats", 19);

    const failed = await eventually(
      async () => {
        const job = await world.refreshQueue.getJob(waiting.id ?? "");
        expect(await job?.getState()).toBe("failed");
        return job as Job;
      },
      { what: "the end of the job", timeoutMs: 60_000 },
    );
    expect(failed.failedReason).toMatch(/^-1 .* \| .* \| /);
    world.simulator.control.deleteFaults(world.appId("shop"));
    const ref = { account: world.appId("shop"), kind: "access_token" } as const;
    const actions = createActions({ redis, queue: world.refreshQueue, now: () => Date.now() });
    expect(await actions.rerun([ref])).toEqual({ rerun: 1, skipped: 0 });

    expect(["refreshed", "fresh"]).toContain((await outcomeOf(failed)).outcome);
  });

  it("hands a transient failure to a job with its full retries", async () => {
    world = await startWorld({ scale: 10, accounts: [{ name: "shop", wechat: barred }] });
    await world.startRuntime();
    const [job] = await failedJobs(1);
    world.simulator.control.patchAccount(world.appId("shop"), { whitelist: null });
    const busy = { type: "errcode", errcode: -1 } as const;
    world.simulator.control.addFault(world.appId("shop"), { call: "stable_token", fault: busy, times: 2 });

    await job?.retry("failed");

    const token = await world.client({ waitMs: 30_000 }).getAccessToken("shop");
    expect(world.simulator.control.tokenVerdict(world.appId("shop"), token)).toBe("accepted");
    const again = await world.refreshQueue.getJob(job?.id ?? "");
    expect(again?.failedReason).toMatch(/^-1 /);
  });
});
