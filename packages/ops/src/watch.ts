import type { Log } from "@tokenkeeper/core";
import { watchKey, type Clock } from "@tokenkeeper/shared/contract";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { Data, Facts } from "./data.ts";
import { readFleet } from "./fleet.ts";
import type { Fleet, Row } from "./row.ts";
import { rowOf } from "./view.ts";

/** What one look at everything saw. */
export interface Round {
  /** Redis time, epoch ms. */
  readonly now: number;
  readonly facts: readonly Facts[];
  /** One for each of the facts, in their order. */
  readonly rows: readonly Row[];
  readonly fleet: Fleet;
}

/** Does something about what was seen. It may meet the same round twice, and miss some between two. */
export type Watcher = (round: Round) => Promise<void>;

/**
 * Looks at everything again and again. Each watcher is at work in one process of the fleet at a time, worker or dashboard,
 * whichever was first; a process without one of them does not keep the others from it.
 */
export interface Watch {
  start(): void;
  /** Waits for the round that is under way, and lets another process watch at once. */
  stop(): Promise<void>;
}

/** What a watch is made from. */
export interface WatchDeps {
  readonly redis: Redis;
  readonly data: Data;
  readonly refresh: Queue;
  readonly schedule: Queue;
  /** By their purpose. */
  readonly watchers: Readonly<Record<string, Watcher>>;
  /** Told after each round of this process whether it failed: Redis did not answer, or took no write. */
  readonly onRound?: ((failed: boolean) => void) | undefined;
  /** Tells this process from the others. */
  readonly name: string;
  /** From the end of one round to the begin of the next, ms. */
  readonly periodMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** A process that gives no sign for so many periods watches no more. */
const PATIENCE = 3;
/** Rounds take at most this part of the process's time, unless one of them takes longer than so many periods. */
const SHARE = 10;
const MOST_PERIODS = 6;

/** One loop. A watcher that fails is logged and keeps no other from its work. */
export function createWatch(deps: WatchDeps): Watch {
  const { redis, data, refresh, schedule, watchers, name, periodMs, clock, log } = deps;
  const stopping = new AbortController();
  let loop: Promise<void> | undefined;
  let waitMs = periodMs;

  /** Two that both believe it for a moment do no harm: watchers are told that a round may come twice. */
  async function isMine(purpose: string): Promise<boolean> {
    const key = watchKey(purpose);
    const ttl = PATIENCE * Math.max(periodMs, waitMs);
    if ((await redis.set(key, name, "PX", ttl, "NX")) === "OK") return true;
    return (await redis.get(key)) === name && (await redis.pexpire(key, ttl)) === 1;
  }

  async function look(): Promise<Round> {
    const facts = await data.facts(await data.accounts());
    const rows = facts.map((each) => rowOf(each));
    const fleet = await readFleet({ redis, refresh, schedule }, rows);
    return { now: fleet.now, facts, rows, fleet };
  }

  async function once(): Promise<void> {
    const mine: Watcher[] = [];
    for (const [purpose, watcher] of Object.entries(watchers)) if (await isMine(purpose)) mine.push(watcher);
    if (mine.length === 0) return;
    const from = clock.monotonic();
    const round = await look();
    waitMs = Math.round(Math.min(MOST_PERIODS * periodMs, Math.max(periodMs, (clock.monotonic() - from) * SHARE)));
    const ends = await Promise.allSettled(mine.map((watcher) => watcher(round)));
    for (const end of ends) if (end.status === "rejected") log.warn({ err: end.reason as unknown }, "watcher.failed");
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const failed = await once().then(
        () => false,
        (err: unknown) => {
          log.warn({ err }, "watch.failed");
          return true;
        },
      );
      if (!stopping.signal.aborted) deps.onRound?.(failed);
      await clock.sleep(waitMs, stopping.signal);
    }
    for (const key of Object.keys(watchers).map(watchKey))
      if ((await redis.get(key).catch(() => null)) === name) await redis.del(key).catch(() => 0);
  }

  return {
    start: () => void (loop ??= run()),
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}
