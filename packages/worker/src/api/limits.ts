import type { ApiKey } from "@tokenkeeper/core";
import { MINUTE, SECOND } from "@tokenkeeper/shared/contract";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";

/** How often a key may ask this worker. */
export interface Limits {
  /** Counts a request. @returns ms until the next one is allowed; 0 when this one is. */
  take(key: ApiKey): Promise<number>;
}

/** Counts in this process alone: the API answers while Redis is away, and so does its limit. */
export function createLimits(): Limits {
  const limiters = new Map<number, RateLimiterMemory>();

  function limiterOf({ perMinute }: ApiKey): RateLimiterMemory {
    const limiter =
      limiters.get(perMinute) ??
      new RateLimiterMemory({ keyPrefix: String(perMinute), points: perMinute, duration: MINUTE / SECOND });
    limiters.set(perMinute, limiter);
    return limiter;
  }

  return {
    async take(key) {
      try {
        await limiterOf(key).consume(key.hash);
        return 0;
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) return Math.max(1, refusal.msBeforeNext);
        throw refusal;
      }
    },
  };
}
