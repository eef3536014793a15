import { FOLLOWERS_KEY } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { SEE_FOLLOWER } from "./follower-scripts.ts";
import { createScriptRunner } from "./run-script.ts";

/** Writes down who follows this instance. */
export interface FollowerStore {
  /**
   * An instance asked this worker for changes of these accounts, by their ids. It asks about many in several requests, which
   * several workers may answer: the entry holds what all of them were asked.
   * @param key name of its key. @param windowMs how long an account counts that is not asked about again.
   * Rejects with `StorageError`.
   */
  see(key: string, accounts: readonly string[], windowMs: number): Promise<void>;
}

const TTL_SECONDS = 3 * 24 * 60 * 60;

/** One hash on a real Redis; it is gone 3 days after the last follower was seen. */
export function createFollowerStore(redis: Redis): FollowerStore {
  const scripts = createScriptRunner(redis);
  return {
    async see(key, accounts, windowMs) {
      await scripts.run(SEE_FOLLOWER, { keys: [FOLLOWERS_KEY], args: [key, windowMs, TTL_SECONDS, ...accounts] });
    },
  };
}
