import { beijingDate } from "@tokenkeeper/core";
import { HOUR, sloKey } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { answered } from "./data.ts";
import type { SloFigure } from "./row.ts";
import { SLO_FIELDS, sloFigures, sloIncrements, type SloField, type SloLimits, type SloRound } from "./slo.ts";
import type { Watcher } from "./watch.ts";

const DAY = 24 * HOUR;
/** The figures are about so many days. */
const DAYS = 30;
const KEPT = 35 * DAY;

/** Counts what the figures are made of, in the process that watches. @param limits as `sloLimits` gives them */
export function createSloWatcher(redis: Redis, limits: SloLimits): Watcher {
  let before: SloRound | undefined;
  return async ({ now, facts, rows }) => {
    const after = { now, facts, rows };
    const { add, set } = before ? sloIncrements(before, after, limits) : { add: {}, set: {} };
    // Also when Redis does not take it: counted twice would be worse than not at all.
    before = after;
    const key = sloKey(beijingDate(now));
    const transaction = redis.multi();
    for (const [field, value] of Object.entries(add)) if (value > 0) transaction.hincrby(key, field, Math.round(value));
    for (const [field, value] of Object.entries(set)) transaction.hset(key, field, String(value));
    await answered(() => transaction.pexpire(key, KEPT).exec());
  };
}

/** The figures of the last 30 days. Rejects with UnavailableError while Redis does not answer. @param now epoch ms */
export function readSlo(redis: Redis, now: number): Promise<SloFigure[]> {
  return answered(async () => {
    const pipeline = redis.pipeline();
    for (let day = 0; day < DAYS; day += 1) pipeline.hmget(sloKey(beijingDate(now - day * DAY)), ...SLO_FIELDS);
    const replies = (await pipeline.exec()) ?? [];
    return sloFigures(replies.map(([, reply]) => countersOf(Array.isArray(reply) ? reply : [])));
  });
}

function countersOf(values: readonly unknown[]): Partial<Record<SloField, number>> {
  const pairs = SLO_FIELDS.map((field, index) => [field, values[index]] as const);
  return Object.fromEntries(
    pairs.flatMap(([field, value]) => (/^\d{1,16}$/.test(String(value)) ? [[field, Number(value)] as const] : [])),
  );
}
