import { QUEUE_PREFIX, heartbeatKey, MINUTE, workerCredentialsKey, WORKERS_KEY } from "@tokenkeeper/shared/contract";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { readApiClients } from "./api-clients.ts";
import { answered } from "./data.ts";
import type { Fleet, Row } from "./row.ts";

/** What the fleet's page is read from. */
export interface FleetDeps {
  readonly redis: Redis;
  readonly refresh: Queue;
  readonly schedule: Queue;
  /** Messages to people on call; counted where it is given. */
  readonly alerts?: Queue;
}

/** A sign of life is valid this long, ms, and what is left of it tells how old it is. */
const HEARTBEAT_LIFE = 30_000;
/** A scheduler whose next run lies this long back has stopped. */
const SCHEDULER_GRACE = MINUTE / 2;
const COUNTED = ["waiting", "active", "delayed", "failed", "completed"] as const;

/** Reads workers, queues and Redis. Rejects with UnavailableError while Redis does not answer. */
export function readFleet({ redis, refresh, schedule, alerts }: FleetDeps, rows: readonly Row[]): Promise<Fleet> {
  return answered(async () => {
    const [seconds] = await redis.time();
    const now = Number(seconds) * 1_000;
    const [workers, queues, schedulers, clients, info] = await Promise.all([
      readWorkers(redis),
      Promise.all([refresh, schedule, ...(alerts ? [alerts] : [])].map((queue) => readQueue(queue))),
      readSchedulers(redis, schedule, now),
      readApiClients(redis, now, rows),
      redis.info(),
    ]);
    return { now, workers, queues, schedulers, ...clients, credentials: countsOf(rows), redis: redisFacts(info) };
  });
}

async function readWorkers(redis: Redis): Promise<Fleet["workers"]> {
  const names = (await redis.smembers(WORKERS_KEY)).toSorted();
  const workers = await Promise.all(
    names.map(async (name) => {
      const key = heartbeatKey(name);
      const [fields, ttl, credentials] = await Promise.all([
        redis.hgetall(key),
        redis.pttl(key),
        redis.scard(workerCredentialsKey(name)),
      ]);
      const { host = "?", pid = "?", version = "?", started_at: startedAt = "" } = fields;
      const seenMsAgo = Math.max(0, HEARTBEAT_LIFE - ttl);
      // What gave no sign of life for 30 s is gone; its name is forgotten by the other workers.
      return ttl > 0 ? [{ name, host, pid, version, startedAt, seenMsAgo, credentials }] : [];
    }),
  );
  return workers.flat();
}

async function readQueue(queue: Queue): Promise<Fleet["queues"][number]> {
  const [paused, counts] = await Promise.all([queue.isPaused(), queue.getJobCounts(...COUNTED)]);
  return { name: queue.name, paused, counts };
}

/** BullMQ keeps the next run of each scheduler in a sorted set. */
async function readSchedulers(redis: Redis, schedule: Queue, now: number): Promise<Fleet["schedulers"]> {
  const [count, overdue] = await Promise.all([
    schedule.getJobSchedulersCount(),
    redis.zcount(`${QUEUE_PREFIX}:${schedule.name}:repeat`, "-inf", now - SCHEDULER_GRACE),
  ]);
  return { count, overdue };
}

function countsOf(rows: readonly Row[]): Fleet["credentials"] {
  const count = (holds: (row: Row) => boolean): number => rows.filter(holds).length;
  return {
    all: rows.length,
    unserved: count(({ served }) => !served),
    unknown: count(({ unknown }) => unknown === true),
    settles: count(({ settles }) => settles === true),
    overdue: count(({ state }) => state === "overdue"),
    foreign: rows.reduce((sum, { foreign }) => sum + foreign, 0),
  };
}

function redisFacts(info: string): Fleet["redis"] {
  const field = (name: string): string => new RegExp(`^${name}:(.*)$`, "m").exec(info)?.[1]?.trim() ?? "";
  const writes = [field("aof_last_write_status"), field("aof_last_bgrewrite_status"), field("rdb_last_bgsave_status")];
  return {
    version: field("redis_version"),
    role: field("role"),
    uptimeS: Number(field("uptime_in_seconds")),
    usedBytes: Number(field("used_memory")),
    limitBytes: Number(field("maxmemory")),
    policy: field("maxmemory_policy"),
    appendOnly: field("aof_enabled") === "1",
    persistenceOk: writes.every((status) => status === "" || status === "ok"),
  };
}
