import type { FleetPage, Row } from "@tokenkeeper/ops";
import { healthyFleet } from "@tokenkeeper/ops/testing";
import { describe, expect, it } from "vitest";
import { gaugesOf } from "./gauges.ts";

const NOW = 1_800_000_000_000;

function row(index: number, change: Partial<Row> = {}): Row {
  return {
    id: `wx${index}:access_token`,
    account: `wx${index}`,
    kind: "access_token",
    name: `shop ${index}`,
    token: "classic",
    state: "healthy",
    level: "ok",
    served: true,
    expiresAt: NOW + (index + 1) * 1_000,
    nextAt: NOW + index * 500,
    failures: 0,
    failedJobs: 0,
    used: index,
    cap: 300,
    limit: 2_000,
    foreign: 0,
    ...change,
  };
}

const FLEET: FleetPage = {
  ...healthyFleet(NOW, {
    workers: [{ name: "one", host: "a", pid: "1", version: "0.1.0", startedAt: "", seenMsAgo: 4_000, credentials: 2 }],
    queues: [{ name: "refresh", paused: false, counts: { waiting: 1, failed: 2 } }],
    schedulers: { count: 3, overdue: 1 },
    redis: { version: "7.0.0", usedBytes: 90, limitBytes: 100, policy: "allkeys-lru" },
  }),
  slo: [
    { slo: "freshness", target: 0.9999, of: 1, share: 0.5 },
    { slo: "recovery", target: 0.99, of: 0 },
  ],
};

describe("the gauges", () => {
  it("name accounts up to the limit", () => {
    const gauges = gaugesOf([row(0), row(1)], FLEET, 2);

    expect(gauges.wxtok_token_expiration_timestamp_seconds).toEqual([
      { labels: { account: "wx0", name: "shop 0", kind: "access_token", mode: "classic" }, value: NOW / 1_000 + 1 },
      { labels: { account: "wx1", name: "shop 1", kind: "access_token", mode: "classic" }, value: NOW / 1_000 + 2 },
    ]);
    expect(gauges.wxtok_quota_used_ratio).toHaveLength(2);
  });

  it("name no account above it, and tell the worst", () => {
    const foreign = { foreign: 1, foreignAt: NOW - 60_000 };
    const rows = [row(0), row(1, { token: "stable" }), row(2, foreign), row(3, { foreign: 1, foreignAt: NOW - 9_000 })];

    const gauges = gaugesOf(rows, FLEET, 3);

    const classic = { kind: "access_token", mode: "classic" };
    expect(gauges.wxtok_token_expiration_timestamp_seconds).toEqual([
      { labels: classic, value: NOW / 1_000 + 1 },
      { labels: { ...classic, mode: "stable" }, value: NOW / 1_000 + 2 },
    ]);
    expect(gauges.wxtok_token_refresh_due_timestamp_seconds[0]).toEqual({ labels: classic, value: NOW / 1_000 });
    expect(gauges.wxtok_budget_used_ratio).toEqual([
      { labels: { endpoint: "classic_token" }, value: 3 / 300 },
      { labels: { endpoint: "stable_token" }, value: 1 / 300 },
    ]);
    expect(gauges.wxtok_foreign_refresh_timestamp_seconds).toEqual([{ labels: {}, value: NOW / 1_000 - 9 }]);
    expect(JSON.stringify(gauges)).not.toMatch(/wx\d|shop/);
  });

  it("count credentials by state and failure, none being a value too", () => {
    const blocked: Partial<Row> = { state: "blocked", failing: "permanent", served: false };
    const gauges = gaugesOf([row(0), row(1, blocked), row(2, { state: "paused", served: false })], FLEET);

    const valueOf = (samples: readonly { labels: object; value: number }[], text: string): number | undefined =>
      samples.find(({ labels }) => JSON.stringify(labels).includes(text))?.value;
    expect(valueOf(gauges.wxtok_credentials, "blocked")).toBe(1);
    expect(valueOf(gauges.wxtok_credentials, "suspect")).toBe(0);
    expect(valueOf(gauges.wxtok_credentials_failing, "permanent")).toBe(1);
    expect(valueOf(gauges.wxtok_credentials_failing, "transient")).toBe(0);
    expect(valueOf(gauges.wxtok_credentials_unserved, "classic")).toBe(1);
  });

  it("leave out of the shortest life what a person or its configuration lets end", () => {
    const rows = [row(0, { state: "paused" }), row(1, { state: "blocked", failing: "needs_person" }), row(4)];

    expect(gaugesOf(rows, FLEET).wxtok_token_remaining_seconds_min).toEqual([
      { labels: { kind: "access_token", mode: "classic" }, value: 5 },
    ]);
  });

  it("tell of the fleet what its page shows", () => {
    const gauges = gaugesOf([], FLEET);

    expect(gauges.wxtok_worker_heartbeat_timestamp_seconds).toEqual([
      { labels: { worker: "one" }, value: NOW / 1_000 - 4 },
    ]);
    expect(gauges.bullmq_job_count).toContainEqual({ labels: { queue: "refresh", state: "failed" }, value: 2 });
    expect(gauges.wxtok_scheduler_overdue).toEqual([{ labels: { queue: "schedule" }, value: 1 }]);
    expect(gauges.wxtok_redis_risk.filter(({ value }) => value === 1).map(({ labels }) => labels.risk)).toEqual([
      "policy",
      "memory",
    ]);
    expect(gauges.wxtok_slo_ratio).toEqual([{ labels: { slo: "freshness" }, value: 0.5 }]);
  });
});
