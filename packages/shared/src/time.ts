import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";

/** One second in milliseconds. */
export const SECOND = 1_000;
/** One minute in milliseconds. */
export const MINUTE = 60 * SECOND;
/** One hour in milliseconds. */
export const HOUR = 60 * MINUTE;

/** Where a part gets its time and its waits from; tests pass their own. */
export interface Clock {
  /** Wall clock, epoch ms. Only for people and signatures: it may jump. */
  now(): number;
  /** Monotonic clock, ms from an arbitrary start. Every wait and every validity in this process uses it. */
  monotonic(): number;
  /** Waits for `ms`, or until the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => setTimeout(ms, undefined, { ...(signal && { signal }) }).catch(() => {}),
};
