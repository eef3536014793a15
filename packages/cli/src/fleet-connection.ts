import {
  ALERTS_QUEUE,
  connectRedis,
  createLog,
  REFRESH_QUEUE,
  reportErrors,
  requireAnswer,
  SCHEDULE_QUEUE,
} from "@tokenkeeper/core";
import {
  createActions,
  createAudit,
  createData,
  UnavailableError,
  type Actions,
  type Audit,
  type Data,
} from "@tokenkeeper/ops";
import { QUEUE_PREFIX } from "@tokenkeeper/shared/contract";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";

/** The fleet as it is seen and acted on through its Redis. */
export interface FleetConnection {
  readonly redis: Redis;
  readonly refresh: Queue;
  readonly schedule: Queue;
  readonly alerts: Queue;
  readonly data: Data;
  readonly actions: Actions;
  readonly audit: Pick<Audit, "act">;
  close(): Promise<void>;
}

/** Rejects with UnavailableError when Redis does not answer within seconds. */
export async function connectFleet(url: string): Promise<FleetConnection> {
  // What goes wrong reaches people as an error of the command; a log would only be in the way of its output.
  const log = createLog({ name: "cli", level: "silent", pretty: false });
  const redis = connectRedis(url, { name: "cli", log, use: "command" });
  try {
    await requireAnswer(redis);
  } catch {
    redis.disconnect();
    throw new UnavailableError("Redis does not answer. Check that it runs and try again.");
  }
  const queues = [REFRESH_QUEUE, SCHEDULE_QUEUE, ALERTS_QUEUE].map((name) => {
    // BullMQ would print its own warning about the eviction policy; `doctor` has one.
    const queue = new Queue(name, { connection: redis, prefix: QUEUE_PREFIX, skipVersionCheck: true });
    reportErrors(queue, log);
    return queue;
  });
  const [refresh, schedule, alerts] = queues as [Queue, Queue, Queue];
  return {
    redis,
    refresh,
    schedule,
    alerts,
    data: createData(redis),
    actions: createActions({ redis, queue: refresh, now: () => Date.now() }),
    audit: createAudit({ redis, onLost: () => {}, log }),
    async close() {
      await Promise.all(queues.map((queue) => queue.close().catch(() => undefined)));
      redis.disconnect();
    },
  };
}
