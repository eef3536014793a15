import type { Durations, Log } from "@tokenkeeper/core";
import type { Clock } from "@tokenkeeper/shared/contract";
import type { FollowerStore } from "../store/follower-store.ts";

/** Knows which instances read their credentials from this one. */
export interface Followers {
  /** The instance with the key of this name has asked for changes of these accounts, by their ids. */
  seen(key: string, accounts: readonly string[]): void;
  /** Hands on who was seen since the last time. Never rejects: what Redis does not take is asked again within seconds. */
  flush(): Promise<void>;
}

/** What it works with. */
export interface FollowersDeps {
  readonly store: FollowerStore;
  readonly durations: Durations;
  readonly clock: Clock;
  readonly log: Log;
}

/** What was asked within so many checks counts. */
const CHECKS = 6;

/** Keys and accounts are all of the configuration, so there are never too many. */
export function createFollowers({ store, durations, clock, log }: FollowersDeps): Followers {
  const windowMs = CHECKS * durations.followCheck;
  const lastSeen = new Map<string, number>();
  let unwritten = new Map<string, Set<string>>();

  return {
    seen(key, accounts) {
      const now = clock.monotonic();
      const isNew = (lastSeen.get(key) ?? Number.NEGATIVE_INFINITY) + windowMs <= now;
      lastSeen.set(key, now);
      unwritten.set(key, new Set([...(unwritten.get(key) ?? []), ...accounts]));
      if (isNew) log.info({ key, accounts: accounts.length }, "api.follower");
    },

    async flush() {
      const flushed = unwritten;
      unwritten = new Map();
      await Promise.allSettled([...flushed].map(([key, accounts]) => store.see(key, [...accounts], windowMs)));
    },
  };
}
