import type { CredentialRef } from "./credential.ts";
import type { UnavailableReason } from "./errors.ts";
import { callSafely } from "./events.ts";

/** Where a value came from: this process's memory, Redis, memory past its time (still valid), or a wait until Redis had one. */
export type ReadSource = "memory" | "redis" | "stale" | "awaited";

/** One read of a token or ticket came to its end. `account` is its id, or what the app asked for when no id was found. */
export interface ReadMetric extends CredentialRef {
  /** Where the value came from; for a read without one, where it was looked for last. */
  readonly source: ReadSource;
  readonly result: "ok" | UnavailableReason;
}

/** This process has learnt another value of a credential that it knew. */
export interface RotationMetric extends CredentialRef {
  /**
   * How long, in ms and at most, this process went on serving the old value after the worker had asked WeChat for the new one;
   * 0 when it served none. It includes the time that WeChat took to answer. By Redis time, so clocks of machines do not matter.
   */
  readonly lagMs: number;
}

/** WeChat refused the token of a business call. */
export interface RefusalMetric extends CredentialRef {
  /** 40001, 40014 or 42001. */
  readonly errcode: number;
}

/**
 * Hooks for a metrics library. Each is called at once and may be left out; none gets a token or ticket. What one throws becomes a
 * process warning and breaks no read.
 */
export interface TokenMetrics {
  /** Every read, also those inside `withToken` and signing. */
  read?(metric: ReadMetric): void;
  rotation?(metric: RotationMetric): void;
  /** Each refused call of `withToken`, the interceptor or the fetch wrapper: the first, and the retry if it is refused too. */
  refusal?(metric: RefusalMetric): void;
  /** A refusal that was given to the app, because there was no newer token in time or WeChat refused that one too. */
  surfaced?(metric: RefusalMetric): void;
}

/** The same hooks, made safe to call. Hooks that are left out stay out, so that a read need not make an object for nobody. */
export function safeMetrics(metrics: TokenMetrics): TokenMetrics {
  return {
    ...(metrics.read && { read: (metric) => callSafely("The metrics hook `read`", () => metrics.read?.(metric)) }),
    ...(metrics.rotation && {
      rotation: (metric) => callSafely("The metrics hook `rotation`", () => metrics.rotation?.(metric)),
    }),
    ...(metrics.refusal && {
      refusal: (metric) => callSafely("The metrics hook `refusal`", () => metrics.refusal?.(metric)),
    }),
    ...(metrics.surfaced && {
      surfaced: (metric) => callSafely("The metrics hook `surfaced`", () => metrics.surfaced?.(metric)),
    }),
  };
}
