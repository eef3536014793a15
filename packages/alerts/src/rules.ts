import { ALERT_RULES, type AlertRule, type AlertScope, type AlertSeverity } from "@tokenkeeper/core";
import { HOUR, MINUTE, SECOND } from "@tokenkeeper/shared/contract";

/** How much it matters: somebody is to be woken, or it can wait until the morning. */
export const SEVERITIES = ["page", "ticket"] as const satisfies readonly AlertSeverity[];

/** One of `SEVERITIES`. */
export type Severity = AlertSeverity;

/** When a rule makes an incident. */
export interface RuleDefaults {
  readonly severity: Severity;
  /** About one credential, or about all of them together. */
  readonly scope: Exclude<AlertScope, "prometheus">;
  /** What is wrong must hold so long, ms, before it is told. */
  readonly for: number;
}

/** Name of a rule: an alert that is not Prometheus' alone. */
export type Rule = Exclude<(typeof ALERT_RULES)[number], { scope: "prometheus" }>["name"];

const FOR: Readonly<Record<Rule, number>> = {
  TokenMissing: MINUTE,
  TokenExpiringSoon: 30 * SECOND,
  NeedsPerson: 0,
  PermanentFailure: 0,
  CoolDown: 0,
  // As long as the dense retries, which mend most of it.
  RefreshFailing: 4 * MINUTE,
  SuspectToken: 0,
  ForeignRefresh: 0,
  QuotaHigh: 0,
  RefreshOverdue: MINUTE,
  NoWorker: 30 * SECOND,
  SchedulerOverdue: 2 * MINUTE,
  RedisRisk: MINUTE,
};

/** Every rule by its name. */
export const RULES = Object.fromEntries(
  ALERT_RULES.filter((rule: AlertRule) => rule.name in FOR).map(({ name, severity, scope }) => [
    name,
    { severity, scope, for: FOR[name as Rule] },
  ]),
) as Readonly<Record<Rule, RuleDefaults>>;

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
