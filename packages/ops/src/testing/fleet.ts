import type { Fleet } from "../row.ts";

const ONE_WORKER = { name: "one", host: "h", pid: "1", version: "0.1.0", startedAt: "", seenMsAgo: 0, credentials: 1 };

/** What is otherwise with a fleet; Redis may be changed in part. */
export type FleetChange = Partial<Omit<Fleet, "redis">> & { readonly redis?: Partial<Fleet["redis"]> };

/** A fleet of which nothing is wrong, for tests of what is said of one. */
export function healthyFleet(now: number, { redis, ...change }: FleetChange = {}): Fleet {
  return {
    now,
    workers: [ONE_WORKER],
    queues: [],
    schedulers: { count: 1, overdue: 0 },
    credentials: { all: 1, unserved: 0, unknown: 0, settles: 0, overdue: 0, foreign: 0 },
    followers: [],
    requests: [],
    ...change,
    redis: {
      version: "7.2.0",
      role: "master",
      uptimeS: 1,
      usedBytes: 1,
      limitBytes: 0,
      policy: "noeviction",
      appendOnly: true,
      persistenceOk: true,
      ...redis,
    },
  };
}
