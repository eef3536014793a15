import { dailyLimitOf, endpointOf } from "@tokenkeeper/core";
import { MINUTE, SECOND } from "@tokenkeeper/shared/contract";
import type { Facts } from "./data.ts";
import type { Row, SloFigure, SloName } from "./row.ts";
import type { Round } from "./watch.ts";

/** What the figures need of a round. */
export type SloRound = Pick<Round, "now" | "facts" | "rows">;

/** The counters of one Beijing day. Times are ms of one credential each. */
export const SLO_FIELDS = [
  "watched_ms",
  "fresh_ms",
  "due",
  "timely",
  "lost",
  "resumed",
  "quota_ppm",
  "quota_accounts",
] as const;

/** One of `SLO_FIELDS`. */
export type SloField = (typeof SLO_FIELDS)[number];

/** Durations in ms; tests compress them. */
export interface SloLimits {
  /** A due refresh that is committed within this is timely. */
  readonly timelyMs: number;
  /** A lost attempt that is followed by another within this was resumed in time. */
  readonly recoveryMs: number;
  /** An attempt whose end nobody wrote down within this is lost: a call to WeChat takes 8 s at most. */
  readonly lostAfterMs: number;
  /** What lies longer between two rounds was not watched. */
  readonly gapMs: number;
}

/** @param scale divides them all */
export function sloLimits(scale = 1): SloLimits {
  const real = { timelyMs: 10 * SECOND, recoveryMs: 20 * SECOND, lostAfterMs: 9 * SECOND, gapMs: 2 * MINUTE };
  return Object.fromEntries(Object.entries(real).map(([name, ms]) => [name, ms / scale])) as Record<
    keyof SloLimits,
    number
  >;
}

/** What two rounds after each other tell. */
export interface SloIncrements {
  /** To be added to the day. */
  readonly add: Readonly<Partial<Record<SloField, number>>>;
  /** To take the place of what the day has: counters that Redis keeps elsewhere. */
  readonly set: Readonly<Partial<Record<SloField, number>>>;
}

/**
 * Pure: from what was seen before and what is seen now to what the day's counters gain. The same round twice, or one that is
 * older, adds nothing.
 */
export function sloIncrements(before: SloRound, after: SloRound, limits: SloLimits): SloIncrements {
  const passed = after.now - before.now;
  if (passed <= 0 || passed > limits.gapMs) return { add: {}, set: quotaOf(after) };
  const known = new Map(before.facts.map((facts, index) => [before.rows[index]?.id ?? "", facts]));
  const excluded = new Set([...excludedIn(before), ...excludedIn(after)]);
  const sum = { watched_ms: 0, fresh_ms: 0, due: 0, timely: 0, lost: 0, resumed: 0 };
  for (const [index, now] of after.facts.entries()) {
    const id = after.rows[index]?.id ?? "";
    const earlier = known.get(id);
    if (!earlier || excluded.has(id)) continue;
    sum.watched_ms += passed;
    sum.fresh_ms += freshMs(earlier, now, passed);
    const lateMs = latenessMs(earlier, now);
    if (lateMs !== undefined) {
      sum.due += 1;
      sum.timely += lateMs <= limits.timelyMs ? 1 : 0;
    }
    const resumedMs = resumedAfterMs(earlier, now, limits);
    if (resumedMs !== undefined) {
      sum.lost += 1;
      sum.resumed += resumedMs <= limits.recoveryMs ? 1 : 0;
    }
  }
  return { add: sum, set: quotaOf(after) };
}

/**
 * Credentials that say nothing about us: somebody paused them, their own configuration stands in the way (secret, whitelist, rights, a
 * quota that is gone, another system that fetches), or they were never fetched. A ticket goes with its access token.
 */
function excludedIn({ facts, rows }: SloRound): string[] {
  const stopped = new Set(rows.filter((row, index) => isExcluded(row, facts[index])).map(({ id }) => id));
  return rows
    .filter(({ id, account }) => stopped.has(id) || stopped.has(`${account}:access_token`))
    .map(({ id }) => id);
}

function isExcluded({ state, foreign }: Row, facts: Facts | undefined): boolean {
  return foreign > 0 || facts?.control.block !== undefined || ["paused", "new"].includes(state);
}

/** How much of the time between two rounds apps had a value. */
function freshMs(before: Facts, after: Facts, passed: number): number {
  const had = lifeOf(before) > 0;
  const has = lifeOf(after) > 0;
  if (had && has) return passed;
  if (had) return Math.min(passed, lifeOf(before));
  if (!has) return 0;
  return clamp(after.now - (after.control.committedAt ?? after.now), passed);
}

/** Life left of the stored value, ms; by its planned end where nobody may ask the record itself. */
function lifeOf({ lifeMs, control, now }: Facts): number {
  return Math.max(0, lifeMs ?? (control.expiresAt ?? 0) - now);
}

/** How late a refresh was that was committed in between; `undefined`: none was, or it came before it was due. */
function latenessMs({ control: before }: Facts, { control: after }: Facts): number | undefined {
  const { planAt } = before;
  const { committedAt } = after;
  if (planAt === undefined || committedAt === undefined || committedAt === before.committedAt) return undefined;
  return committedAt < planAt ? undefined : committedAt - planAt;
}

/** How long after a lost attempt the next one began; a generation is the moment of its begin, or a little more. */
function resumedAfterMs(before: Facts, { control: after }: Facts, { lostAfterMs }: SloLimits): number | undefined {
  const { intent } = before.control;
  if (!intent || intent.at > before.now - lostAfterMs || (before.last?.at ?? 0) >= intent.at) return undefined;
  return after.generation > intent.generation ? Math.max(0, after.generation - intent.at) : undefined;
}

/** The share of WeChat's published quota that fetches by themselves have used today, as the 99th percentile of all accounts. */
function quotaOf({ facts, rows }: SloRound): Partial<Record<SloField, number>> {
  const shares = rows
    .flatMap((row, index) => {
      const limit = dailyLimitOf(endpointOf(row.kind, row), facts[index]?.entry.sandbox ?? false);
      return limit === undefined ? [] : [row.used / limit];
    })
    .toSorted((one, other) => one - other);
  const share = shares[Math.ceil(shares.length * 0.99) - 1];
  return share === undefined ? {} : { quota_ppm: Math.round(share * 1_000_000), quota_accounts: shares.length };
}

/** Targets, as shares. */
export const SLO_TARGETS: Readonly<Record<SloName, number>> = {
  freshness: 0.9999,
  timeliness: 0.999,
  recovery: 0.99,
  quota: 0.05,
};

/** The figures of many days together; of the quota, its worst day. */
export function sloFigures(days: readonly Readonly<Partial<Record<SloField, number>>>[]): SloFigure[] {
  const sum = (field: SloField): number => days.reduce((total, day) => total + (day[field] ?? 0), 0);
  const worst = days.toSorted((one, other) => (other.quota_ppm ?? -1) - (one.quota_ppm ?? -1))[0];
  const share = (slo: SloName, part: number, of: number): SloFigure => ({
    slo,
    target: SLO_TARGETS[slo],
    of,
    ...(of > 0 && { share: part / of }),
  });
  return [
    share("freshness", sum("fresh_ms"), sum("watched_ms")),
    share("timeliness", sum("timely"), sum("due")),
    share("recovery", sum("resumed"), sum("lost")),
    {
      slo: "quota",
      target: SLO_TARGETS.quota,
      of: worst?.quota_accounts ?? 0,
      ...(worst?.quota_ppm !== undefined && { share: worst.quota_ppm / 1_000_000 }),
    },
  ];
}

function clamp(ms: number, most: number): number {
  return Math.min(Math.max(0, ms), most);
}
