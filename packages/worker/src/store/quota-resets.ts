import { controlKey, quotaKey, type CredentialRef } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { createScriptRunner } from "./run-script.ts";
import { RESERVE_RESET, UNBLOCK_QUOTA } from "./quota-scripts.ts";

/** What is kept of the resets of an account's quota. Both functions reject with `StorageError`. */
export interface QuotaResets {
  /**
   * Counts a reset before it is made. @param month `YYYY-MM` in Beijing
   * @returns how many there are with it; `again` when this job has counted one already: its end is not known.
   */
  reserve(input: { account: string; month: string; jobId: string; cap: number }): Promise<number | "again" | "spent">;
  /** The used-up quota no longer stands in a credential's way. */
  unblock(credential: CredentialRef): Promise<void>;
}

const TTL_SECONDS = 40 * 24 * 60 * 60;

/** Resets on a real Redis. */
export function createQuotaResets(redis: Redis): QuotaResets {
  const scripts = createScriptRunner(redis);
  return {
    async reserve({ account, month, jobId, cap }) {
      const reply = await scripts.run(RESERVE_RESET, {
        keys: [quotaKey(account, month)],
        args: [jobId, cap, TTL_SECONDS],
      });
      return typeof reply === "number" ? reply : reply === "again" ? "again" : "spent";
    },
    async unblock(credential) {
      await scripts.run(UNBLOCK_QUOTA, { keys: [controlKey(credential)], args: [] });
    },
  };
}
