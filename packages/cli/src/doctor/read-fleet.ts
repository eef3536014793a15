import { answered, readFleet, rowOf } from "@tokenkeeper/ops";
import { credentialId } from "@tokenkeeper/shared/contract";
import type { FleetConnection } from "../fleet-connection.ts";
import type { FleetFacts, RedisReach } from "./doctor-facts.ts";

const SAMPLES = 3;

/** Rejects with UnavailableError when Redis does not answer. */
export async function readFleetFacts({ redis, refresh, schedule, alerts, data }: FleetConnection): Promise<FleetFacts> {
  const facts = await data.facts(await data.accounts());
  const rows = facts.map((each) => rowOf(each));
  const fleet = await readFleet({ redis, refresh, schedule, alerts }, rows);
  const refused = facts.flatMap(({ entry, kind, control: { block } }) =>
    block?.ip === undefined ? [] : [[credentialId({ account: entry.id, kind }), block.ip] as const],
  );
  return { fleet, rows, refusedAddresses: Object.fromEntries(refused) };
}

/**
 * How far this machine's clock is ahead of Redis', by the quickest of a few questions.
 * Rejects with UnavailableError when it does not answer.
 * @param now epoch ms by this machine
 */
export async function readClock({ redis }: Pick<FleetConnection, "redis">, now: () => number): Promise<RedisReach> {
  const samples: { aheadMs: number; withinMs: number }[] = [];
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const asked = now();
    const [seconds, micros] = await answered(() => redis.time());
    const told = now();
    const theirs = Number(seconds) * 1_000 + Number(micros) / 1_000;
    samples.push({ aheadMs: (asked + told) / 2 - theirs, withinMs: (told - asked) / 2 });
  }
  const [best = { aheadMs: 0, withinMs: 0 }] = samples.toSorted((one, other) => one.withinMs - other.withinMs);
  return { type: "reached", aheadMs: Math.round(best.aheadMs), withinMs: Math.round(best.withinMs) };
}
