import { HOUR, MINUTE, SECOND } from "@tokenkeeper/shared/contract";

/** How much it matters: somebody is to be woken, or it can wait until the morning. */
export const SEVERITIES = ["page", "ticket"] as const;

/** One of `SEVERITIES`. */
export type Severity = (typeof SEVERITIES)[number];

/** When a rule makes an incident. */
export interface RuleDefaults {
  readonly severity: Severity;
  /** About one credential, or about all of them together. */
  readonly scope: "credential" | "fleet";
  /** What is wrong must hold so long, ms, before it is told. */
  readonly for: number;
}

/** Every rule by its name, which messages, Prometheus rules, pages and the runbook have in common. */
export const RULES = {
  TokenMissing: { severity: "page", scope: "credential", for: MINUTE },
  TokenExpiringSoon: { severity: "page", scope: "credential", for: 30 * SECOND },
  NeedsPerson: { severity: "page", scope: "credential", for: 0 },
  PermanentFailure: { severity: "page", scope: "credential", for: 0 },
  CoolDown: { severity: "ticket", scope: "credential", for: 0 },
  // As long as the dense retries, which mend most of it.
  RefreshFailing: { severity: "ticket", scope: "credential", for: 4 * MINUTE },
  SuspectToken: { severity: "page", scope: "credential", for: 0 },
  ForeignRefresh: { severity: "page", scope: "credential", for: 0 },
  QuotaHigh: { severity: "ticket", scope: "credential", for: 0 },
  RefreshOverdue: { severity: "ticket", scope: "credential", for: MINUTE },
  NoWorker: { severity: "page", scope: "fleet", for: 30 * SECOND },
  SchedulerOverdue: { severity: "ticket", scope: "fleet", for: 2 * MINUTE },
  RedisRisk: { severity: "page", scope: "fleet", for: MINUTE },
} as const satisfies Readonly<Record<string, RuleDefaults>>;

/** Name of a rule. */
export type Rule = keyof typeof RULES;

/** The names, in the order of `RULES`. */
export const RULE_NAMES = Object.keys(RULES) as readonly Rule[];

/** A rule as it is in force. */
export interface RuleSettings {
  readonly severity: Severity;
  /** ms */
  readonly for: number;
  /** It makes no incidents. */
  readonly off: boolean;
}

/** From where on conditions hold; durations in ms. */
export interface Thresholds {
  /** A classic token that lives less is about to end, when its refreshes fail. */
  readonly classicEnds: number;
  /** The same for what WeChat repeats until its last minutes: stable tokens and tickets. */
  readonly repeatedEnds: number;
  /** Values that live shorter than usual: about to end in this last part of their life. */
  readonly endsPart: number;
  /** So long after it was seen another system counts as still fetching. */
  readonly foreignLasts: number;
  /** Part of the day's own cap on fetches, 0 to 1. */
  readonly quotaShare: number;
  /** Part of Redis' memory limit, 0 to 1. */
  readonly memoryShare: number;
}

/** The thresholds of real time. A classic token is refreshed at half its life, a stable one in its last 290 s. */
export const THRESHOLDS: Thresholds = {
  classicEnds: 30 * MINUTE,
  repeatedEnds: 2 * MINUTE,
  endsPart: 0.25,
  foreignLasts: HOUR,
  quotaShare: 0.66,
  memoryShare: 0.8,
};

/** The same in compressed time. @param scale divides every duration (`TOKENKEEPER_TIME_SCALE`). */
export function scaledThresholds(thresholds: Thresholds, scale: number): Thresholds {
  const { classicEnds, repeatedEnds, foreignLasts } = thresholds;
  return {
    ...thresholds,
    classicEnds: classicEnds / scale,
    repeatedEnds: repeatedEnds / scale,
    foreignLasts: foreignLasts / scale,
  };
}
