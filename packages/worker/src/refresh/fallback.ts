import type { Clock } from "@tokenkeeper/shared/contract";
import type { Credential } from "../credentials.ts";
import type { Refresher } from "./refresh.ts";
import type { FollowUp } from "./follow-up.ts";

/** What the fallback works with. */
export interface FallbackDeps {
  readonly refresher: Refresher;
  readonly followUp: FollowUp;
  /** Writes into the history what was refreshed without the queue. */
  readonly record: (credential: Credential) => Promise<void>;
  readonly credentials: readonly Credential[];
  /** How long a refresh may be overdue before the queue is no longer waited for, ms. */
  readonly patienceMs: number;
  readonly clock: Clock;
}

/**
 * Refreshes what the queue leaves lying: paused, obliterated, confused by a skewed clock. The same engine without BullMQ,
 * so the lease still lets only one worker do it.
 * @returns a function that looks at all credentials once.
 */
export function createFallback(deps: FallbackDeps): () => Promise<void> {
  const overdueSince = new Map<string, number>();

  return async () => {
    const decisions = await deps.refresher.look(deps.credentials);
    const now = deps.clock.monotonic();
    for (const [index, credential] of deps.credentials.entries()) {
      if (decisions[index]?.type !== "refresh") {
        overdueSince.delete(credential.id);
        continue;
      }
      const since = overdueSince.get(credential.id) ?? now;
      overdueSince.set(credential.id, since);
      if (now - since < deps.patienceMs) continue;
      const outcome = await deps.refresher.refresh(credential);
      await deps.followUp(credential, outcome);
      if (outcome.type === "refreshed") await deps.record(credential);
    }
  };
}
