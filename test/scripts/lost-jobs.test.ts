// Jobs whose entry in BullMQ's lists is gone while their hash is still there: a hand, a bug, a lost write.
import { REFRESH_QUEUE, secretOf } from "@tokenkeeper/core";
import { QUEUE_PREFIX } from "@tokenkeeper/shared/contract";
import { Queue } from "bullmq";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createCredentials, type Credential } from "../../packages/worker/src/credentials.ts";
import { officialAccountFamily } from "../../packages/worker/src/families/official-account/official-account.ts";
import { createEnqueue, type Enqueue } from "../../packages/worker/src/queues/enqueue.ts";
import { createStandingJobs } from "../../packages/worker/src/queues/standing-jobs.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";

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

const [credential] = createCredentials(
  [
    {
      id: "wx0000000000000001",
      name: "shop",
      type: "official-account",
      secret: secretOf("0123456789abcdef0123456789abcdef"),
      token: "stable",
      fallback: "stable",
      sandbox: false,
      mirrors: [],
      kinds: ["access_token"],
    },
  ],
  () => officialAccountFamily,
).all as [Credential];

const plan = (delayMs: number): Promise<string[]> =>
  enqueue.planned([{ credential, at: Date.now() + delayMs, delayMs }]);

describe("a job that was torn out of its list", () => {
  it("is planned again", async () => {
    await plan(60_000);
    await server.redis.del(queue.toKey("delayed"));

    await plan(60_000);

    expect(await queue.getDelayedCount()).toBe(1);
  });

  it("is planned again when it was due", async () => {
    await plan(0);
    await server.redis.del(queue.toKey("wait"));

    await plan(0);

    expect(await queue.getWaitingCount()).toBe(1);
  });

  it("is planned again when it ended without its name being taken away: its text was lost while it ran", async () => {
    const [id = ""] = await plan(60_000);
    await server.redis.del(queue.toKey(id), queue.toKey("delayed"));
    await server.redis.hset(queue.toKey(id), "finishedOn", Date.now());
    await server.redis.zadd(queue.toKey("failed"), Date.now(), id);

    await plan(60_000);

    expect(await queue.getDelayedCount()).toBe(1);
    expect(await queue.getFailedCount()).toBe(1);
  });

  it("does not swallow urgent triggers when it has ended under its name", async () => {
    await enqueue.immediate(credential, "missing");
    const [id = ""] = await server.redis.lrange(queue.toKey("wait"), 0, -1);
    await server.redis.del(queue.toKey("wait"));
    await server.redis.zadd(queue.toKey("failed"), Date.now(), id);

    await enqueue.immediate(credential, "reported");

    expect(await queue.getJobs(["waiting"])).toMatchObject([{ data: { reason: "reported" } }]);
  });

  it("does not swallow urgent triggers", async () => {
    await enqueue.immediate(credential, "missing");
    await server.redis.del(queue.toKey("wait"));

    await enqueue.immediate(credential, "reported");

    expect(await queue.getWaitingCount()).toBe(1);
    expect(await queue.getJobs(["waiting"])).toMatchObject([{ data: { reason: "reported" } }]);
  });

  it("is none while it waits: a second trigger is a duplicate", async () => {
    await enqueue.immediate(credential, "missing");
    await enqueue.immediate(credential, "missing");

    expect(await queue.getWaitingCount()).toBe(1);
  });
});
