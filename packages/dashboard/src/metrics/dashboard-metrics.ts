import type { Meter, MetricTable } from "@tokenkeeper/ops";

/** What the dashboard tells of all credentials and the fleet, and counts of its own doings; `docs/metrics.md` has the same table. */
export const DASHBOARD_METRICS = {
  wxtok_token_expiration_timestamp_seconds: {
    type: "gauge",
    help: "When the value that apps have ends; above 2,000 credentials the soonest of each kind and mode, without account and name",
    labels: ["account", "name", "kind", "mode"],
  },
  wxtok_token_refresh_due_timestamp_seconds: {
    type: "gauge",
    help: "When it is refreshed, or looked at, next by itself; above 2,000 credentials the soonest of each kind and mode",
    labels: ["account", "name", "kind", "mode"],
  },
  wxtok_token_remaining_seconds_min: {
    type: "gauge",
    help: "Shortest life left of the values that apps have; what is paused or blocked by its own configuration is not in it",
    labels: ["kind", "mode"],
  },
  wxtok_credentials: {
    type: "gauge",
    help: "Credentials by state, in the words of the pages",
    labels: ["kind", "mode", "state"],
  },
  wxtok_credentials_unserved: {
    type: "gauge",
    help: "Credentials of which apps have no value; what is paused is not in it",
    labels: ["kind", "mode"],
  },
  wxtok_credentials_failing: {
    type: "gauge",
    help: "Credentials that are blocked or fail, by the class of the failure",
    labels: ["kind", "mode", "class"],
  },
  wxtok_quota_used_ratio: {
    type: "gauge",
    help: "Fetches of the Beijing day that happened by themselves, as a share of WeChat's limit where it is published; above 2,000 credentials the largest",
    labels: ["account", "name", "endpoint"],
  },
  wxtok_budget_used_ratio: {
    type: "gauge",
    help: "The same as a share of our own cap, at which refreshes stop until midnight in Beijing; above 2,000 credentials the largest",
    labels: ["account", "name", "endpoint"],
  },
  wxtok_foreign_refresh_timestamp_seconds: {
    type: "gauge",
    help: "When another system was last seen to fetch the account's token; above 2,000 credentials the latest",
    labels: ["account", "name"],
  },
  wxtok_worker_heartbeat_timestamp_seconds: {
    type: "gauge",
    help: "Last sign of life of each worker that lives",
    labels: ["worker"],
  },
  wxtok_scheduler_overdue: { type: "gauge", help: "Job schedulers that have stopped", labels: ["queue"] },
  wxtok_redis_risk: {
    type: "gauge",
    help: "1: Redis may lose tokens and jobs, by what is wrong: policy, memory, persistence, role",
    labels: ["risk"],
  },
  wxtok_slo_ratio: {
    type: "gauge",
    help: "The figures of the fleet page over 30 days; quota: its worst day",
    labels: ["slo"],
  },
  bullmq_job_count: { type: "gauge", help: "Jobs of each queue by state", labels: ["queue", "state"] },
  wxtok_dashboard_auth_total: {
    type: "counter",
    help: "Sign-ins: done, refused (wrong password), limited (too many)",
    labels: ["result"],
    known: [{ result: "done" }, { result: "refused" }, { result: "limited" }],
  },
  wxtok_dashboard_action_total: {
    type: "counter",
    help: "What people did, by action and result as in the audit trail",
    labels: ["action", "result"],
  },
  wxtok_audit_write_failures_total: {
    type: "counter",
    help: "Lines of the audit trail that Redis did not take",
    labels: [],
  },
} as const satisfies MetricTable;

/** What counts the dashboard's doings. */
export type DashboardMeter = Meter<typeof DASHBOARD_METRICS>;
