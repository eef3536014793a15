import { endpointOf, FAILURE_CLASSES } from "@tokenkeeper/core";
import { MOST_LABELLED, STATES, type Fleet, type FleetPage, type Row, type Sample } from "@tokenkeeper/ops";
import type { DASHBOARD_METRICS } from "./dashboard-metrics.ts";

type Table = typeof DASHBOARD_METRICS;
type GaugeName = {
  [Name in keyof Table]: Table[Name]["type"] extends "gauge" ? Name : never;
}[keyof Table];

/** All gauges with their values. */
export type Gauges = { readonly [Name in GaugeName]: readonly Sample<Table[Name]>[] };

const SECOND = 1_000;
/** Part of Redis' memory limit from which on it is a risk. */
const MEMORY_SHARE = 0.8;

/** Pure: what the pages show, as values that Prometheus keeps. @param mostLabelled more credentials than this are not named */
export function gaugesOf(rows: readonly Row[], fleet: FleetPage, mostLabelled = MOST_LABELLED): Gauges {
  const perAccount = rows.length <= mostLabelled;
  const groups = Map.groupBy(rows, ({ kind, token }) => `${kind} ${token}`);
  const named = ({ account, name }: Row): { account?: string; name?: string } => (perAccount ? { account, name } : {});
  const tokens = rows.filter(({ kind }) => kind === "access_token");
  return {
    wxtok_token_expiration_timestamp_seconds: one(rows, (row) => instant(row.expiresAt), {
      labels: (row) => ({ ...named(row), ...group(row) }),
      pick: Math.min,
    }),
    wxtok_token_refresh_due_timestamp_seconds: one(rows, (row) => instant(row.nextAt), {
      labels: (row) => ({ ...named(row), ...group(row) }),
      pick: Math.min,
    }),
    wxtok_token_remaining_seconds_min: one(rows, (row) => remaining(row, fleet.now), { labels: group, pick: Math.min }),
    wxtok_credentials: each(groups, STATES, (state) => ({
      labels: { state },
      holds: (row) => row.state === state,
    })),
    wxtok_credentials_unserved: each(groups, [undefined], () => ({
      labels: {},
      holds: ({ served, state }) => !served && state !== "paused",
    })),
    wxtok_credentials_failing: each(groups, FAILURE_CLASSES, (name) => ({
      labels: { class: name },
      holds: ({ failing }) => failing === name,
    })),
    wxtok_quota_used_ratio: one(rows, ({ used, limit }) => limit && used / limit, {
      labels: (row) => ({ ...named(row), endpoint: endpointOf(row.kind, row) }),
      pick: Math.max,
    }),
    wxtok_budget_used_ratio: one(rows, ({ used, cap }) => used / cap, {
      labels: (row) => ({ ...named(row), endpoint: endpointOf(row.kind, row) }),
      pick: Math.max,
    }),
    wxtok_foreign_refresh_timestamp_seconds: one(tokens, ({ foreignAt }) => instant(foreignAt), {
      labels: named,
      pick: Math.max,
    }),
    ...fleetGauges(fleet),
  };
}

function fleetGauges({ now, workers, queues, schedulers, redis, slo }: FleetPage) {
  return {
    wxtok_worker_heartbeat_timestamp_seconds: workers.map(({ name, seenMsAgo }) => ({
      labels: { worker: name },
      value: (now - seenMsAgo) / SECOND,
    })),
    wxtok_scheduler_overdue: [{ labels: { queue: "schedule" }, value: schedulers.overdue }],
    wxtok_redis_risk: Object.entries(risksOf(redis)).map(([risk, holds]) => ({
      labels: { risk },
      value: holds ? 1 : 0,
    })),
    wxtok_slo_ratio: slo.flatMap(({ slo: name, share }) =>
      share === undefined ? [] : [{ labels: { slo: name }, value: share }],
    ),
    bullmq_job_count: queues.flatMap(({ name, counts }) =>
      Object.entries(counts).map(([state, value]) => ({ labels: { queue: name, state }, value })),
    ),
  };
}

function risksOf({ policy, usedBytes, limitBytes, persistenceOk, role }: Fleet["redis"]): Record<string, boolean> {
  return {
    policy: policy !== "noeviction",
    memory: limitBytes > 0 && usedBytes > MEMORY_SHARE * limitBytes,
    persistence: !persistenceOk,
    role: role !== "master",
  };
}

type Labels = Readonly<Record<string, string>>;

const group = ({ kind, token }: Row): { kind: string; mode: string } => ({ kind, mode: token });

function instant(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / SECOND;
}

/** Life left, s, of a value that apps have and that nothing but us would let end. */
function remaining({ expiresAt, state, failing }: Row, now: number): number | undefined {
  const stands = state === "paused" || failing === "needs_person" || failing === "permanent";
  return expiresAt === undefined || stands ? undefined : Math.max(0, expiresAt - now) / SECOND;
}

/** One value for each set of labels; of several with the same labels the one that is picked. */
function one<Label extends Partial<Labels>>(
  rows: readonly Row[],
  valueOf: (row: Row) => number | undefined,
  { labels, pick }: { labels: (row: Row) => Label; pick: (one: number, other: number) => number },
): { labels: Label; value: number }[] {
  const samples = new Map<string, { labels: Label; value: number }>();
  for (const row of rows) {
    const value = valueOf(row);
    if (value === undefined) continue;
    const own = labels(row);
    const key = JSON.stringify(own);
    const known = samples.get(key);
    samples.set(key, { labels: own, value: known ? pick(known.value, value) : value });
  }
  return [...samples.values()];
}

/** How many credentials of each kind and mode, for each of the words: none is a value too. */
function each<Word, Label extends Labels>(
  groups: ReadonlyMap<string, readonly Row[]>,
  words: readonly Word[],
  of: (word: Word) => { readonly labels: Label; readonly holds: (row: Row) => boolean },
): { labels: Label & { kind: string; mode: string }; value: number }[] {
  return [...groups.values()].flatMap((rows) => {
    const [first] = rows;
    if (!first) return [];
    return words.map((word) => {
      const { labels, holds } = of(word);
      return { labels: { ...labels, ...group(first) }, value: rows.filter(holds).length };
    });
  });
}
