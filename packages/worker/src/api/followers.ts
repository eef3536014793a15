import type { Durations, FollowerEntry, Log } from "@tokenkeeper/core";
import type { Clock } from "@tokenkeeper/shared/contract";
import type { FollowerStore } from "../store/follower-store.ts";

/** Knows which instances read their credentials from this one. */
export interface Followers {
  /** The instance with the key of this name has asked for changes of these accounts, by their ids. */
  seen(key: string, accounts: readonly string[]): void;
  /** Hands on who was seen since the last time. Never rejects: what Redis does not take is handed on again. */
  flush(): Promise<void>;
}

/** What it works with. */
export interface FollowersDeps {
  readonly store: FollowerStore;
  readonly durations: Durations;
  readonly clock: Clock;
  readonly log: Log;
}

/** An instance asks about many accounts in several requests: all of the last checks count. */
const CHECKS = 6;

/** Keys and accounts are all of the configuration, so there are never too many. */
export function createFollowers({ store, durations, clock, log }: FollowersDeps): Followers {
  const lastAsked = new Map<string, Map<string, number>>();
  let unwritten = new Map<string, FollowerEntry>();

  return {
    seen(key, accounts) {
      const now = clock.now();
      const recent = [...(lastAsked.get(key) ?? [])].filter(([, at]) => at > now - CHECKS * durations.followCheck);
      const known = new Map([...recent, ...accounts.map((account) => [account, now] as const)]);
      lastAsked.set(key, known);
      unwritten.set(key, { lastSeen: now, accounts: [...known.keys()].toSorted() });
      if (recent.length === 0) log.info({ key, accounts: known.size }, "api.follower");
    },

    async flush() {
      if (unwritten.size === 0) return;
      const flushed = unwritten;
      unwritten = new Map();
      await store.write(flushed).catch(() => {
        unwritten = new Map([...flushed, ...unwritten]);
      });
    },
  };
}
