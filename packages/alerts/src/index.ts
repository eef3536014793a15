// Tells people on call what is wrong, once, and that it is over.
export { createAlerts, type Alerts, type AlertsDeps } from "./alerts.ts";
export type { AlertsOverview } from "./overview.ts";
export { RULE_NAMES, RULES, type Rule, type Severity } from "./rules.ts";
export { createAlertsSource, type AlertsSource } from "./settings-source.ts";
export { sendTestAlert, sendTestAlertFrom, type TestResult } from "./test-alert.ts";
