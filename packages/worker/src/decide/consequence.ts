import type { Control, Durations, Failure } from "@tokenkeeper/core";

/** What a failure changes in the control state. Instants are epoch ms by Redis time. */
export interface Consequence {
  /** Whether WeChat may have issued a value all the same: the intent then stays open. */
  readonly keepIntent: boolean;
  /** Automatic attempts wait until then. */
  readonly retryAt?: number;
  /** The job itself tries again; otherwise it has failed for good and the plan goes on without it. */
  readonly sameJob: boolean;
  readonly block?: { readonly until?: number };
}

/** The failure and what was known before it. */
export interface ConsequenceInput {
  readonly failure: Failure;
  readonly control: Control;
  /** Apps have no value that WeChat accepts: the next attempt cannot wait long. */
  readonly urgent: boolean;
  readonly now: number;
  /** When WeChat's daily quotas begin anew, epoch ms. */
  readonly nextDayAt: number;
  readonly durations: Durations;
  readonly random: () => number;
}

const HOUR = 3_600_000;
/** How long WeChat bars an address whose calls the administrator refused. Source: WeChat, error codes 89506 and 89507. */
const BAR_MS: Readonly<Record<string, number>> = { "89507": HOUR, "89506": 24 * HOUR };

/** What follows from a failure, by its class. */
export function consequenceOf(input: ConsequenceInput): Consequence {
  const { failure, control, now, durations, random } = input;
  switch (failure.class) {
    case "transient":
    case "storage":
      return { keepIntent: failure.class === "storage", ...retryOf(input) };
    case "unknown_outcome":
    case "malformed":
      return { keepIntent: true, ...retryOf(input) };
    case "stale_parent":
      return { keepIntent: false, sameJob: false, retryAt: now + durations.ticketEndCheck };
    case "cool_down": {
      const bar = BAR_MS[String(failure.code)];
      // Everybody's quota begins anew at the same midnight: come a little later, and not all together.
      const until = bar === undefined ? input.nextDayAt + random() * durations.ticketCheck : now + bar;
      return { keepIntent: false, sameJob: false, block: { until: Math.round(until) } };
    }
    case "needs_person": {
      const wait = Math.min(durations.recheckFirst * 2 ** control.failures, durations.recheckMost);
      return { keepIntent: false, sameJob: false, block: { until: Math.round(now + wait) } };
    }
    case "permanent":
      return { keepIntent: false, sameJob: false, block: {} };
  }
}

/** Seconds between the dense attempts; the last one repeats. */
const DENSE_SECONDS = [2, 4, 8, 15, 20, 25, 30] as const;
/** The dense attempts' share of `denseRetry` that 1 s is: keeps the list in step with compressed time. */
const DENSE_TOTAL_SECONDS = 240;
/** The longest of those waits while apps have no valid value. */
const URGENT_SECONDS = 8;

function retryOf({ failure, control, urgent, now, durations, random }: ConsequenceInput): {
  retryAt: number;
  sameJob: boolean;
} {
  const failingFor = now - (control.failingSince ?? now);
  if (failingFor >= durations.denseRetry) {
    return { sameJob: false, retryAt: Math.round(now + durations.sparseRetry * (1 + random() * 0.2)) };
  }
  const second = durations.denseRetry / DENSE_TOTAL_SECONDS;
  const planned = DENSE_SECONDS[Math.min(control.failures, DENSE_SECONDS.length - 1)] ?? 30;
  const step = urgent ? Math.min(planned, URGENT_SECONDS) : planned;
  // The limit per minute ends with the minute.
  const usual = failure.code === 45011 ? 60 + random() * 30 : step * (0.75 + random() * 0.5);
  const wait = Math.max(usual, failure.retryAfter ?? 0);
  return { sameJob: true, retryAt: Math.round(now + wait * second) };
}
