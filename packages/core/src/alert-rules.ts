/** `page`: somebody is woken. `ticket`: it can wait for the day. */
export type AlertSeverity = "page" | "ticket";

/** What an alert is about: one credential, the fleet as a whole, or counters that only Prometheus has. */
export type AlertScope = "credential" | "fleet" | "prometheus";

/** One alert by the name that robots, Prometheus rules, pages and the runbook share. */
export interface AlertRule {
  readonly name: string;
  readonly severity: AlertSeverity;
  readonly scope: AlertScope;
}

/** Every alert there is. Each has an entry in the runbook under its name. */
export const ALERT_RULES = [
  { name: "TokenMissing", severity: "page", scope: "credential" },
  { name: "TokenExpiringSoon", severity: "page", scope: "credential" },
  { name: "NeedsPerson", severity: "page", scope: "credential" },
  { name: "PermanentFailure", severity: "page", scope: "credential" },
  { name: "CoolDown", severity: "ticket", scope: "credential" },
  { name: "RefreshFailing", severity: "ticket", scope: "credential" },
  { name: "SuspectToken", severity: "page", scope: "credential" },
  { name: "ForeignRefresh", severity: "page", scope: "credential" },
  { name: "QuotaHigh", severity: "ticket", scope: "credential" },
  { name: "RefreshOverdue", severity: "ticket", scope: "credential" },
  { name: "NoWorker", severity: "page", scope: "fleet" },
  { name: "SchedulerOverdue", severity: "ticket", scope: "fleet" },
  { name: "RedisRisk", severity: "page", scope: "fleet" },
  { name: "SurfacedErrors", severity: "page", scope: "prometheus" },
  { name: "UnknownOutcomes", severity: "ticket", scope: "prometheus" },
  { name: "CommitFenced", severity: "ticket", scope: "prometheus" },
  { name: "CommitRepaired", severity: "ticket", scope: "prometheus" },
  { name: "AuditBroken", severity: "page", scope: "prometheus" },
  { name: "SignInsFailing", severity: "ticket", scope: "prometheus" },
  { name: "ConfigRefused", severity: "ticket", scope: "prometheus" },
  { name: "AlertsUndelivered", severity: "page", scope: "prometheus" },
] as const satisfies readonly AlertRule[];

/** One of the names in `ALERT_RULES`. */
export type AlertName = (typeof ALERT_RULES)[number]["name"];

/** Where the runbook says what to do about an alert, from the project's root. */
export function runbookEntryOf(name: AlertName): string {
  return `docs/runbook.md#${name.toLowerCase()}`;
}
