import type { Clock } from "@tokenkeeper/shared/contract";
import type { CommitInput, CredentialStore } from "../store/credential-store.ts";

/** What committing works with. */
export interface CommitDeps {
  readonly store: CredentialStore;
  readonly clock: Clock;
  /** Pause between tries, ms. */
  readonly retryMs: number;
}

/**
 * Commits, and tries again while the lease lasts when Redis does not take it: a value that WeChat has issued must not be
 * lost to a short outage, since fetching another one would retire it. The script is idempotent by attempt id.
 * @param leaseEndsAt monotonic ms
 */
export async function commitPersistently(
  { store, clock, retryMs }: CommitDeps,
  input: CommitInput,
  leaseEndsAt: number,
): Promise<"committed" | "already" | "fenced" | "not_stored"> {
  while (true) {
    try {
      return await store.commit(input);
    } catch {
      if (clock.monotonic() + retryMs >= leaseEndsAt) return "not_stored";
      await clock.sleep(retryMs);
    }
  }
}
