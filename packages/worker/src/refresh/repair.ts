import type { Durations, Log } from "@tokenkeeper/core";
import { credentialId, type Clock } from "@tokenkeeper/shared/contract";
import type { CommitInput, CredentialStore } from "../store/credential-store.ts";
import type { FindLost } from "../store/find-lost.ts";

/**
 * Looks at recent commits again. Redis may lose what it has acknowledged (a failover, a rollback, a flush); the worker that
 * committed still has the value and puts it back without a fetch.
 */
export interface Repair {
  /** Remembers a commit. @param replaced the generation that it replaced */
  watch(commit: CommitInput, replaced: number): void;
  /** Looks at the commits whose time has come. Rejects with `StorageError` when Redis fails; they are looked at next time. */
  runOnce(): Promise<void>;
}

interface Watched {
  readonly commit: CommitInput;
  readonly replaced: number;
  /** Monotonic ms. */
  readonly since: number;
  readonly looks: number;
}

/** After how many units a commit is looked at. */
const LOOKS = [1, 5, 15, 60] as const;

/** What repairing works with. */
export interface RepairDeps {
  readonly store: CredentialStore;
  /** Spares those that are intact a look of their own; without it each gets one. */
  readonly findLost?: FindLost;
  readonly clock: Clock;
  readonly durations: Durations;
  readonly log: Log;
}

/** Only the newest commit of a credential is watched, and for one minute: its value is held no longer than that. */
export function createRepair({ store, findLost, clock, durations, log }: RepairDeps): Repair {
  const watched = new Map<string, Watched>();

  async function look(id: string, { commit, replaced, since, looks }: Watched, isLost: boolean): Promise<void> {
    const found = isLost ? await store.repair({ commit, replaced, leaseMs: durations.lease }) : "intact";
    if (found === "repaired") log.warn({ credential: id, attempt: commit.attempt }, "commit.repaired");
    // A newer commit may have taken the place while Redis was asked.
    if (watched.get(id)?.commit !== commit) return;
    if (found === "overtaken" || looks + 1 >= LOOKS.length) watched.delete(id);
    else watched.set(id, { commit, replaced, since, looks: looks + 1 });
  }

  return {
    watch(commit, replaced) {
      watched.set(credentialId(commit.credential), { commit, replaced, since: clock.monotonic(), looks: 0 });
    },

    async runOnce() {
      const now = clock.monotonic();
      const due = [...watched].filter(
        ([, { since, looks }]) => now - since >= (LOOKS[looks] ?? 0) * durations.repairUnit,
      );
      const lost = await findLost?.(due.map(([, { commit }]) => commit));
      await Promise.all(due.map(([id, entry]) => look(id, entry, lost?.has(entry.commit) ?? true)));
    },
  };
}
