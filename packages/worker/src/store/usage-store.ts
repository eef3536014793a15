import { beijingDate } from "@tokenkeeper/core";
import { usageKey, type Clock } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { guard } from "./run-script.ts";

/** Adds up what all workers count. */
export interface UsageStore {
  /** Rejects with `StorageError`. */
  add(counts: ReadonlyMap<string, number>): Promise<void>;
}

const TTL_SECONDS = 3 * 24 * 60 * 60;

/** One hash a day on a real Redis; the wall clock picks the day. */
export function createUsageStore(redis: Redis, clock: Clock): UsageStore {
  return {
    add: (counts) =>
      guard(async () => {
        const key = usageKey(beijingDate(clock.now()));
        const transaction = redis.multi();
        for (const [field, times] of counts) transaction.hincrby(key, field, times);
        await transaction.expire(key, TTL_SECONDS).exec();
      }),
  };
}
