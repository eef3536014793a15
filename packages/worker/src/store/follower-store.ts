import type { FollowerEntry } from "@tokenkeeper/core";
import { FOLLOWERS_KEY } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { guard } from "./run-script.ts";

/** Writes down who follows this instance. */
export interface FollowerStore {
  /** @param entries by the name of the key. Rejects with `StorageError`. */
  write(entries: ReadonlyMap<string, FollowerEntry>): Promise<void>;
}

const TTL_SECONDS = 3 * 24 * 60 * 60;

/** One hash on a real Redis; it is gone 3 days after the last follower was seen. */
export function createFollowerStore(redis: Redis): FollowerStore {
  return {
    write: (entries) =>
      guard(async () => {
        const transaction = redis.multi();
        for (const [key, entry] of entries) transaction.hset(FOLLOWERS_KEY, key, JSON.stringify(entry));
        await transaction.expire(FOLLOWERS_KEY, TTL_SECONDS).exec();
      }),
  };
}
