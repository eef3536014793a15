import type { Durations, Log } from "@tokenkeeper/core";
import { credentialId, type Clock } from "@tokenkeeper/shared/contract";
import type { CommitInput, CredentialStore, UnknownOutcome } from "../store/credential-store.ts";
import type { FindLost } from "../store/find-lost.ts";

/**
 * Looks at recent commits and unknown outcomes again. Redis may lose what it has acknowledged (a failover, a rollback, a flush,
 * its last second when it is killed); the worker still has the value and puts it back without a fetch, and still knows that a
 * settle is owed.
 */
export interface Repair {
  /** Remembers a commit. @param replaced the generation that it replaced */
  watch(commit: CommitInput, replaced: number): void;
  /** Remembers an unknown outcome, whether it could be written down or not. */
  watchUnknown(unknown: UnknownOutcome): void;
  /** Looks at those whose time has come. Rejects with `StorageError` when Redis fails; they are looked at next time. */
  runOnce(): Promise<void>;
}

interface Watched {
  /** Monotonic ms. */
  readonly since: number;
  readonly looks: number;
}

interface WatchedCommit extends Watched {
  readonly commit: CommitInput;
  readonly replaced: number;
}

interface WatchedUnknown extends Watched {
  readonly unknown: UnknownOutcome;
}

/** After how many units each is looked at. */
const LOOKS = [1, 5, 15, 60] as const;
const LAST_LOOK = 60;

/** What repairing works with. */
export interface RepairDeps {
  readonly store: CredentialStore;
  /** Spares those that are intact a look of their own; without it each gets one. */
  readonly findLost?: FindLost;
  readonly clock: Clock;
  readonly durations: Durations;
  readonly log: Log;
}

/** Only the newest of a credential is watched, and for one minute: a value is held no longer than that. */
export function createRepair({ store, findLost, clock, durations, log }: RepairDeps): Repair {
  const watched = new Map<string, WatchedCommit>();
  const unknowns = new Map<string, WatchedUnknown>();

  function dueOf<T extends Watched>(entries: Map<string, T>): [string, T][] {
    const now = clock.monotonic();
    return [...entries].filter(([, { since, looks }]) => now - since >= (LOOKS[looks] ?? 0) * durations.repairUnit);
  }

  async function lookAtUnknown(id: string, entry: WatchedUnknown): Promise<void> {
    const found = await store.restoreUnknown(entry.unknown);
    if (found === "restored") log.warn({ credential: id }, "unknown_outcome.restored");
    if (unknowns.get(id) !== entry) return;
    if (found === "settled" || entry.looks + 1 >= LOOKS.length) unknowns.delete(id);
    else unknowns.set(id, { ...entry, looks: entry.looks + 1 });
  }

  async function look(id: string, { commit, replaced, since, looks }: WatchedCommit, isLost: boolean): Promise<void> {
    const found = isLost ? await store.repair({ commit, replaced, leaseMs: durations.lease }) : "intact";
    if (found === "repaired") log.warn({ credential: id, attempt: commit.attempt }, "commit.repaired");
    // A newer commit may have taken the place while Redis was asked.
    if (watched.get(id)?.commit !== commit) return;
    // Whoever is at a newer one may fail: then this is what apps need.
    if (found === "busy" && clock.monotonic() - since < LAST_LOOK * durations.repairUnit) return;
    if (found === "overtaken" || found === "busy" || looks + 1 >= LOOKS.length) watched.delete(id);
    else watched.set(id, { commit, replaced, since, looks: looks + 1 });
  }

  return {
    watch(commit, replaced) {
      watched.set(credentialId(commit.credential), { commit, replaced, since: clock.monotonic(), looks: 0 });
    },

    watchUnknown(unknown) {
      unknowns.set(credentialId(unknown.credential), { unknown, since: clock.monotonic(), looks: 0 });
    },

    async runOnce() {
      await Promise.all(dueOf(unknowns).map(([id, entry]) => lookAtUnknown(id, entry)));
      const due = dueOf(watched);
      const lost = await findLost?.(due.map(([, { commit }]) => commit));
      await Promise.all(due.map(([id, entry]) => look(id, entry, lost?.has(entry.commit) ?? true)));
    },
  };
}
