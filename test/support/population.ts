// Credentials as workers leave them in Redis, written by hand: as many as a page may have to show.
import {
  ACCOUNTS_KEY,
  controlKey,
  fingerprint,
  heartbeatKey,
  recordKey,
  RECORD_SCHEMA,
  workerCredentialsKey,
  WORKERS_KEY,
} from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";

export const LIFE_MS = 7_200_000;

/** The appid of the account of a number; no other world has accounts of this form. */
export function appIdOf(index: number): string {
  return `wxa${String(index).padStart(15, "0")}`;
}

/** The token of the account of a number: it must be seen nowhere. */
export function tokenOf(index: number): string {
  return `75_never-to-be-seen-${index}`;
}

/** Writes healthy accounts named `account 0`, `account 1` …, each with a stable token. */
export async function populate(redis: Redis, count: number): Promise<void> {
  const now = Date.now();
  for (let start = 0; start < count; start += 1_000) {
    const pipeline = redis.pipeline();
    for (let index = start; index < Math.min(count, start + 1_000); index += 1) {
      const [account, name, value] = [appIdOf(index), `account ${index}`, tokenOf(index)];
      const ref = { account, kind: "access_token" } as const;
      // Ends that differ, so that there is an order.
      const expiresAt = now + LIFE_MS - index * 100;
      const entry = JSON.stringify({ id: account, name, family: "official-account", kinds: [ref.kind] });
      pipeline.hset(ACCOUNTS_KEY, account, entry, name, entry);
      const times = { issued_at: now, expires_at: expiresAt };
      pipeline.hset(recordKey(ref), { ...times, value, version: String(now), schema: RECORD_SCHEMA });
      pipeline.pexpireat(recordKey(ref), expiresAt);
      pipeline.hset(controlKey(ref), {
        ...times,
        generation: now,
        committed_generation: now,
        committed_at: now,
        fingerprint: fingerprint(value),
        value_since: now,
        plan_at: now + LIFE_MS - 300_000,
        last_at: now,
        last_outcome: "refreshed",
        last_reason: "due",
        last_duration_ms: 120,
      });
    }
    await pipeline.exec();
  }
}

/** A worker without an end that is configured for all of them: so that no other retires them. */
export async function claim(redis: Redis, count: number): Promise<void> {
  const worker = "written-by-hand";
  await redis.hset(heartbeatKey(worker), {
    host: "none",
    pid: "0",
    started_at: new Date().toISOString(),
    version: "0",
  });
  await redis.sadd(WORKERS_KEY, worker);
  const ids = Array.from({ length: count }, (_, index) => `${appIdOf(index)}:access_token`);
  await redis.sadd(workerCredentialsKey(worker), ...ids);
}
