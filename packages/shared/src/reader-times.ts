import { MINUTE, SECOND } from "./time.ts";

/** How long the reader trusts, waits and keeps away from the end. All in ms. */
export interface ReaderTimes {
  /** A value is served from memory this long before Redis is asked again. */
  readonly cacheMs: number;
  /** How long a read waits for a value that is missing, and a refused call for a newer one. */
  readonly waitMs: number;
  /** A value is not served in the last moment of its life: it might end on the way to WeChat. */
  readonly endMarginMs: number;
  /** How long WeChat takes a token that was replaced. While Redis is away, a token that a hint has named so is not served longer. */
  readonly replacedMs: number;
  /** How often a waiting read looks again, in case the hint is lost. */
  readonly pollMs: number;
  /** While Redis does not answer, or has lost the record, a valid value is served from memory this long before it is asked again. */
  readonly retryMs: number;
}

const MAX_CACHE_MS = 30 * SECOND;

/** The times that follow from a token client's settings. */
export function readerTimes(options: {
  readonly cacheMs?: number;
  readonly waitMs?: number;
  readonly timeScale?: number;
}): ReaderTimes {
  const { cacheMs = MAX_CACHE_MS, waitMs = 3 * SECOND, timeScale = 1 } = options;
  return {
    cacheMs: Math.min(cacheMs, MAX_CACHE_MS) / timeScale,
    waitMs,
    endMarginMs: (5 * SECOND) / timeScale,
    replacedMs: (5 * MINUTE) / timeScale,
    pollMs: 200,
    retryMs: SECOND,
  };
}
