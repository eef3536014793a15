import { connectRedis, REFRESH_QUEUE, reportErrors, SCHEDULE_QUEUE, type Log } from "@tokenkeeper/core";
import { QUEUE_PREFIX } from "@tokenkeeper/shared/contract";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { Lifecycle } from "../lifecycle.ts";

/** Every connection of a worker. */
export interface Connections {
  /** For our own commands: an answer comes in time or an error does. */
  readonly command: Redis;
  /** For BullMQ's workers: waits for Redis for ever. */
  readonly blocking: Redis;
  /** For reading the stream of reports, which blocks. */
  readonly reading: Redis;
  readonly refreshQueue: Queue;
  readonly scheduleQueue: Queue;
  /** Ends every connection at once: what still waits for Redis fails. */
  hangUp(): void;
}

/** Opens them; `lifecycle` closes them. */
export function openConnections(redisUrl: string, log: Log, lifecycle: Lifecycle): Connections {
  const command = connectRedis(redisUrl, { name: "tokenkeeper-worker", log, use: "command" });
  const blocking = connectRedis(redisUrl, { name: "tokenkeeper-worker-queue", log, use: "queue" });
  const reading = connectRedis(redisUrl, { name: "tokenkeeper-worker-reports", log, use: "queue" });
  const hangUp = (): void => [command, blocking, reading].forEach((redis) => redis.disconnect());
  lifecycle.onClose("redis", async () => hangUp());

  function openQueue(name: string): Queue {
    const queue = new Queue(name, { connection: command, prefix: QUEUE_PREFIX });
    reportErrors(queue, log);
    lifecycle.onClose(`queue ${name}`, () => queue.close());
    return queue;
  }

  const [refreshQueue, scheduleQueue] = [openQueue(REFRESH_QUEUE), openQueue(SCHEDULE_QUEUE)];
  return { command, blocking, reading, refreshQueue, scheduleQueue, hangUp };
}
