import { REFRESH_QUEUE, secretOf } from "@tokenkeeper/core";
import { QUEUE_PREFIX } from "@tokenkeeper/shared/contract";
import { Queue } from "bullmq";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createCredentials, type Credential } from "../../packages/worker/src/credentials.ts";
import { officialAccountFamily } from "../../packages/worker/src/families/official-account/official-account.ts";
import { createEnqueue, type Enqueue } from "../../packages/worker/src/queues/enqueue.ts";
import { createStandingJobs } from "../../packages/worker/src/queues/standing-jobs.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";

const HOUR = 3_600_000;

let server: TestRedis;
let queue: Queue;
let enqueue: Enqueue;
beforeAll(async () => {
  server = await startTestRedis();
  queue = new Queue(REFRESH_QUEUE, { connection: server.redis, prefix: QUEUE_PREFIX });
  enqueue = createEnqueue(queue, createStandingJobs(queue, server.redis));
});
afterAll(async () => {
  await queue.close();
  await server.stop();
});
beforeEach(() => server.redis.flushall());

const [first, second] = createCredentials(
  [0, 1].map((index) => ({
    id: `wx${String(index).padStart(16, "0")}`,
    name: `shop ${index}`,
    type: "official-account",
    secret: secretOf("0123456789abcdef0123456789abcdef"),
    token: "stable",
    fallback: "stable",
    sandbox: false,
    mirrors: [],
    kinds: ["access_token"],
  })),
  () => officialAccountFamily,
).all as [Credential, Credential];

function plan(at: number, credentials: readonly Credential[] = [first]): Promise<string[]> {
  const now = Date.now();
  return enqueue.planned(credentials.map((credential) => ({ credential, at, delayMs: at - now })));
}

/** BullMQ counts every job that is added, one that is then dropped as a duplicate too. */
async function added(): Promise<number> {
  return Number(await server.redis.get(queue.toKey("id")));
}

async function timeOf(id: string | undefined): Promise<number> {
  return Math.floor(Number(await server.redis.zscore(queue.toKey("delayed"), id ?? "")) / 0x1000);
}

describe("planning again", () => {
  it("adds nothing while the job stands at its time, and still names it", async () => {
    const at = Date.now() + HOUR;
    const [id] = await plan(at);

    expect(await plan(at)).toEqual([id]);

    expect(await added()).toBe(1);
    expect(await timeOf(id)).toBe(at);
  });

  it("moves the job when its time has moved", async () => {
    const at = Date.now() + HOUR;
    const [id] = await plan(at);

    expect(await plan(at - 1)).toEqual([id]);

    expect(await timeOf(id)).toBe(at - 1);
    expect(await queue.getDelayedCount()).toBe(1);
  });

  it("moves the job of an hour to now when it is due", async () => {
    const [id] = await plan(Date.now() + HOUR);
    const before = Date.now();

    await plan(Date.now());

    expect(await timeOf(id)).toBeLessThanOrEqual(Date.now());
    expect(await timeOf(id)).toBeGreaterThanOrEqual(before);
  });

  it.each<[string, (id: string) => Promise<unknown>]>([
    ["removed", (id) => queue.remove(id)],
    ["robbed of its text", (id) => server.redis.del(queue.toKey(id))],
    ["lost with all that belongs to it", () => server.redis.flushall()],
    [
      "lost from the set of delayed jobs, its text with it",
      (id) => Promise.all([server.redis.zrem(queue.toKey("delayed"), id), server.redis.del(queue.toKey(id))]),
    ],
  ])("adds a job that was %s", async (_how, damage) => {
    const at = Date.now() + HOUR;
    const [id] = await plan(at, [first, second]);
    await damage(id ?? "");

    const [again, other] = await plan(at, [first, second]);

    expect(await timeOf(again)).toBe(at);
    expect(await timeOf(other)).toBe(at);
    expect(await queue.getDelayedCount()).toBe(2);
    expect(await queue.getJobs(["delayed"])).toEqual([expect.anything(), expect.anything()]);
  });

  it("leaves a job alone that waits for a worker", async () => {
    const [id] = await plan(Date.now());
    expect(await queue.getWaitingCount()).toBe(1);

    expect(await plan(Date.now())).toEqual([id]);

    expect(await added()).toBe(1);
  });

  it("adds each for itself: one that stands and one that is missing", async () => {
    const at = Date.now() + HOUR;
    const [id] = await plan(at);

    const [same, other] = await plan(at, [first, second]);

    expect(same).toBe(id);
    expect(await timeOf(other)).toBe(at);
    expect(await added()).toBe(2);
  });

  it("asks nothing about nothing", async () => {
    expect(await plan(Date.now(), [])).toEqual([]);
  });
});
