import type { Durations } from "@tokenkeeper/core";
import type { Clock } from "@tokenkeeper/shared/contract";
import type { Credential, Credentials } from "../credentials.ts";
import { nextLookAt } from "../decide/decide.ts";
import type { Refresher } from "./refresh.ts";
import type { FollowUp } from "./follow-up.ts";
import { createRounds } from "./rounds.ts";

/** What the fallback works with. */
export interface FallbackDeps {
  readonly refresher: Refresher;
  readonly followUp: FollowUp;
  /** Writes into the history what was refreshed without the queue. */
  readonly record: (credential: Credential) => Promise<void>;
  readonly credentials: Credentials;
  /** Once it is aborted nothing more is begun. */
  readonly stopping: AbortSignal;
  readonly clock: Clock;
  readonly durations: Durations;
}

/**
 * Refreshes what the queue leaves lying: paused, obliterated, confused by a skewed clock. The same engine without BullMQ,
 * so the lease still lets only one worker do it.
 * @returns a function that looks once at all whom the round takes.
 */
export function createFallback(deps: FallbackDeps): () => Promise<void> {
  const { clock, durations } = deps;
  const rounds = createRounds({ clock, everyMs: durations.sweep });
  const overdueSince = new Map<string, number>();

  async function overdue(): Promise<Credential[]> {
    const round = rounds.next(deps.credentials.all);
    const decisions = await deps.refresher.look(round);
    const now = clock.monotonic();
    return round.filter((credential, index) => {
      const { id } = credential;
      rounds.looked(credential, nextLookAt(decisions[index], clock.now()));
      if (decisions[index]?.type !== "refresh") {
        overdueSince.delete(id);
        return false;
      }
      const since = overdueSince.get(id) ?? now;
      overdueSince.set(id, since);
      return now - since >= PATIENCE * durations.sweep;
    });
  }

  async function refreshOne(credential: Credential): Promise<void> {
    const { outcome } = await deps.refresher.refresh(credential);
    await deps.followUp(credential, outcome);
    if (outcome.type === "refreshed" || outcome.type === "failed") await deps.record(credential);
  }

  return async () => {
    // A queue that is only long is not helped by flooding WeChat past its limiter.
    const due = (await overdue()).slice(0, AT_ONCE * BATCHES);
    for (let start = 0; start < due.length && !deps.stopping.aborted; start += AT_ONCE) {
      await Promise.all(due.slice(start, start + AT_ONCE).map((credential) => refreshOne(credential)));
    }
  };
}

/** For so many rounds a refresh may be overdue before the queue is no longer waited for. */
const PATIENCE = 2;
const AT_ONCE = 16;
const BATCHES = 6;
