import type { CredentialRef } from "./credential.ts";
import type { UnavailableReason } from "./errors.ts";
import { createSafeCall } from "./safe-call.ts";

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
  readonly read?: (metric: ReadMetric) => void;
  readonly rotation?: (metric: RotationMetric) => void;
  /** Each refused call of `withToken`, the interceptor or the fetch wrapper: the first, and the retry if it is refused too. */
  readonly refusal?: (metric: RefusalMetric) => void;
  /** A refusal that was given to the app, because there was no newer token in time or WeChat refused that one too. */
  readonly surfaced?: (metric: RefusalMetric) => void;
}

/** The same hooks, made safe to call. Hooks that are left out stay out, so that a read need not make an object for nobody. */
export function safeMetrics(metrics: TokenMetrics): TokenMetrics {
  const callSafely = createSafeCall();

  function safe<Metric>(name: string, hook: ((metric: Metric) => void) | undefined) {
    return hook && ((metric: Metric) => callSafely(`The metrics hook \`${name}\``, () => hook.call(metrics, metric)));
  }

  return {
    read: safe("read", metrics.read),
    rotation: safe("rotation", metrics.rotation),
    refusal: safe("refusal", metrics.refusal),
    surfaced: safe("surfaced", metrics.surfaced),
  } as TokenMetrics;
}
