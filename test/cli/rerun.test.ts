// The two commands about failed jobs mean the same jobs, however many there are and whatever a credential still lists.
import { describeFailure, handDeduplicationId, refreshJobName, type TriggerReason } from "@tokenkeeper/core";
import { controlKey, QUEUE_PREFIX } from "@tokenkeeper/shared/contract";
import { UnrecoverableError, Worker } from "bullmq";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli, type Ended } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";

/** As many as a credential lists. */
const LISTED = 50;
const MANY = 60;

describe("tokenkeeper failed and rerun", () => {
  let world: World;
  beforeAll(async () => {
    // At full length, so that no plan comes in between.
    world = await startWorld({ scale: 1, accounts: [{ name: "shop" }, { name: "spare" }] });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const run = (...args: string[]): Promise<Ended> => cli(args, { env: { REDIS_URL: world.redis.url } });
  const refOf = (account: string): { account: string; kind: "access_token" } => ({ account, kind: "access_token" });

  async function add(account: string, reason: TriggerReason): Promise<string> {
    const deduplication = reason === "quota_reset" && {
      deduplication: { id: handDeduplicationId(refOf(account), reason) },
    };
    const data = { ...refOf(account), reason };
    const job = await world.refreshQueue.add(refreshJobName(account, "access_token"), data, { ...deduplication });
    return job.id ?? "";
  }

  /** Fails whatever waits, as a worker whose address is not on the whitelist. */
  async function failAll(count: number): Promise<void> {
    const failure = { class: "needs_person", code: 40164, ip: "203.0.113.7" } as const;
    const fail = (): Promise<never> => Promise.reject(new UnrecoverableError(describeFailure(failure, "token")));
    const connection = world.redis.redis.duplicate({ maxRetriesPerRequest: null });
    const worker = new Worker("refresh", fail, {
      connection,
      prefix: QUEUE_PREFIX,
      concurrency: LISTED,
    });
    await eventually(async () => expect(await world.refreshQueue.getFailedCount()).toBe(count), {
      what: "all of them to fail",
      timeoutMs: 20_000,
    });
    await worker.close();
    connection.disconnect();
  }

  it("re-run all that is listed, also what no credential lists, and the account that nobody keeps any more", async () => {
    const ids: string[] = [];
    for (let job = 0; job < MANY; job += 1) ids.push(await add(world.appId("shop"), "plan"));
    await add(world.appId("spare"), "plan");
    await add("wx-of-yesterday", "plan");
    await failAll(MANY + 2);
    await world.redis.redis.hset(controlKey(refOf(world.appId("shop"))), "failed_jobs", ids.slice(-LISTED).join(","));
    await world.startRuntime();
    await Promise.all(["shop", "spare"].map((name) => world.client({ waitMs: 20_000 }).getAccessToken(name)));
    const all = MANY + 2;
    expect(await run("failed")).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(new RegExp(`\\n\\n50 of ${all} failed jobs; --most shows more\\.\\n$`)),
    });
    const few = JSON.parse((await run("failed", "--most", "2", "--json")).stdout) as { jobs: object[]; all: number };
    expect([few.jobs.length, few.all]).toEqual([2, all]);
    expect((await run("failed", "--most", String(all))).stdout).not.toContain("--most");

    expect(JSON.parse((await run("rerun", "--account", "spare", "--json")).stdout)).toEqual({
      rerun: 1,
      skipped: 0,
      left: 0,
    });
    expect(await run("rerun", "--all")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`^${MANY + 1} failed jobs are re-run\\.`)),
    });

    await eventually(async () => expect(await run("failed")).toMatchObject({ code: 0 }), {
      what: "no failed job",
      timeoutMs: 20_000,
    });
    // Re-run together, they are looks at a credential that is well, or one fetch by hand.
    expect(world.fetches("shop").length).toBeLessThanOrEqual(2);
    expect(await run("rerun", "--all")).toMatchObject({ code: 0, stdout: "No job waits to be re-run.\n" });
  });

  it("leave a reset of a quota alone, and say so", async () => {
    const { refreshQueue, simulator } = world;
    const errcode = { type: "errcode", errcode: 48006 } as const;
    simulator.control.addFault(world.appId("shop"), { call: "clear_quota/v2", fault: errcode, times: null });
    await add(world.appId("shop"), "quota_reset");
    await eventually(async () => expect(await refreshQueue.getFailedCount()).toBe(1), {
      what: "the refused reset",
      timeoutMs: 20_000,
    });

    const [english, chinese, object] = [
      await run("rerun", "--all"),
      await run("rerun", "--account", "shop", "--lang", "zh"),
      await run("rerun", "--all", "--json"),
    ];

    expect(english).toMatchObject({
      code: 0,
      stdout: "1 failed reset of a quota is left: re-run it by its id.\n",
    });
    expect(chinese.stdout).toBe("另有 1 个失败的重置配额任务，请按 id 逐个重新运行。\n");
    expect(JSON.parse(object.stdout)).toEqual({ rerun: 0, skipped: 0, left: 1 });
    expect(await refreshQueue.getFailedCount()).toBe(1);
  });
});
