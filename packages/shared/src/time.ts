/** One second in milliseconds. */
export const SECOND = 1_000;
/** One minute in milliseconds. */
export const MINUTE = 60 * SECOND;
/** One hour in milliseconds. */
export const HOUR = 60 * MINUTE;

/** Where a part gets its time from; tests pass their own. */
export interface Clock {
  /** Wall clock, epoch ms. Only for people and signatures: it may jump. */
  now(): number;
  /** Monotonic clock, ms from an arbitrary start. Every wait and every validity in this process uses it. */
  monotonic(): number;
}

/** The real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
