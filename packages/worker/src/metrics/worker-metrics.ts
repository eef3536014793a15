import { REFRESH_QUEUE, SCHEDULE_QUEUE } from "@tokenkeeper/core";
import type { Meter, MetricTable } from "@tokenkeeper/ops";
import { CREDENTIAL_KINDS } from "@tokenkeeper/shared/contract";

const KINDS = CREDENTIAL_KINDS.map((kind) => ({ kind }));
const QUEUES = [REFRESH_QUEUE, SCHEDULE_QUEUE].map((queue) => ({ queue }));
const LATENCY = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 10] as const;

/** What a worker counts of its own doings; `docs/metrics.md` has the same table. */
export const WORKER_METRICS = {
  wxtok_refresh_total: {
    type: "counter",
    help: "Looks at credentials that did not end as a mere plan, by why and how they ended; reason none: nothing was fetched",
    labels: ["kind", "mode", "reason", "outcome"],
  },
  wxtok_refresh_duration_seconds: {
    type: "histogram",
    help: "From the begin of an attempt to its commit or failure",
    labels: ["kind", "mode"],
    buckets: LATENCY,
  },
  wxtok_refresh_lateness_seconds: {
    type: "histogram",
    help: "From the moment at which a refresh was due to its commit; accounts that were blocked are not in it",
    labels: ["kind"],
    buckets: [0.1, 0.5, 1, 2, 5, 10, 20, 60, 300, 600],
  },
  wxtok_wechat_requests_total: {
    type: "counter",
    help: "Requests to WeChat or a leader, by what came back",
    labels: ["endpoint", "result"],
  },
  wxtok_wechat_errcode_total: {
    type: "counter",
    help: "Error codes that WeChat answered with; those that are not in docs/errors.md count as other",
    labels: ["endpoint", "errcode"],
  },
  wxtok_wechat_request_duration_seconds: {
    type: "histogram",
    help: "Duration of requests to WeChat or a leader",
    labels: ["endpoint"],
    buckets: LATENCY,
  },
  wxtok_inflight_fetches: {
    type: "gauge",
    help: "Requests to WeChat or a leader that are under way",
    labels: ["endpoint"],
  },
  wxtok_commit_fenced_total: {
    type: "counter",
    help: "Values that were not stored because a newer one was there",
    labels: ["kind"],
    known: KINDS,
  },
  wxtok_commit_replayed_total: {
    type: "counter",
    help: "Commits that Redis had taken already, sent again after a lost answer",
    labels: ["kind"],
    known: KINDS,
  },
  wxtok_commit_repaired_total: {
    type: "counter",
    help: "Commits that Redis had lost and that were put back",
    labels: ["kind"],
    known: KINDS,
  },
  wxtok_outcome_unknown_total: {
    type: "counter",
    help: "Fetches whose outcome is not known: WeChat may have issued a value that nobody saw",
    labels: ["kind"],
    known: KINDS,
  },
  wxtok_settle_refresh_total: {
    type: "counter",
    help: "Settles: extra refreshes after an unknown outcome",
    labels: ["kind"],
    known: KINDS,
  },
  wxtok_foreign_rotation_total: {
    type: "counter",
    help: "Values that died because another system fetched; account and name only up to 2,000 credentials",
    labels: ["account", "name"],
  },
  wxtok_invalid_report_total: {
    type: "counter",
    help: "Reports of apps about refused values, by what they came to",
    labels: ["result"],
  },
  wxtok_demand_total: { type: "counter", help: "Demands of apps for values that were missing", labels: [] },
  wxtok_quota_refused_total: {
    type: "counter",
    help: "Refreshes that did not happen because our own budget of the day is used up",
    labels: ["endpoint"],
  },
  wxtok_reconcile_repairs_total: {
    type: "counter",
    help: "What the plan should have done: refreshes without the queue (fallback), planned jobs that were lost (lost_job)",
    labels: ["what"],
    known: [{ what: "fallback" }, { what: "lost_job" }],
  },
  wxtok_stalled_jobs_total: {
    type: "counter",
    help: "Jobs taken over from a worker that gave no sign of life",
    labels: ["queue"],
    known: QUEUES,
  },
  wxtok_lock_lost_total: {
    type: "counter",
    help: "Jobs whose lock could not be renewed",
    labels: ["queue"],
    known: QUEUES,
  },
  wxtok_config_reload_total: {
    type: "counter",
    help: "Changed configurations that were applied or refused",
    labels: ["result"],
    known: [{ result: "applied" }, { result: "refused" }],
  },
  wxtok_config_last_reload_successful: {
    type: "gauge",
    help: "1: the configuration that is in force is the newest; 0: a newer one was refused",
    labels: [],
  },
  wxtok_config_last_reload_success_timestamp_seconds: {
    type: "gauge",
    help: "When a configuration was last put into force",
    labels: [],
  },
  wxtok_last_look_timestamp_seconds: {
    type: "gauge",
    help: "When this worker last completed a look at what is due: sweep, tick or fallback",
    labels: [],
  },
  wxtok_api_requests_total: { type: "counter", help: "Requests to the token HTTP API, by result", labels: ["result"] },
} as const satisfies MetricTable;

/** What counts a worker's doings. */
export type WorkerMeter = Meter<typeof WORKER_METRICS>;
