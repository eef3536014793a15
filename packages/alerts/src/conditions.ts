import type { FailureClass } from "@tokenkeeper/core";
import type { Facts, Fleet, Round, Row } from "@tokenkeeper/ops";
import { incidentKey, type IncidentFacts, type Risk, type Subject } from "./incident.ts";
import type { Rule, Thresholds } from "./rules.ts";

/** Something that is wrong at this moment. */
export interface Condition {
  readonly rule: Rule;
  /** Absent when it is about the whole fleet. */
  readonly subject?: Subject;
  /** Since when, epoch ms, where the facts say so. */
  readonly since?: number;
  readonly facts: IncidentFacts;
  /** Another incident says why already: this one opens none of its own, and closes none. */
  readonly explained: boolean;
}

/** What one round says of a credential. */
interface Seen {
  readonly facts: Facts;
  readonly row: Row;
  /** The account's access token, when this is a ticket. */
  readonly parent?: Seen;
}

/** Failures that may pass by themselves. */
const PASSING: readonly string[] = [
  "transient",
  "unknown_outcome",
  "malformed",
  "storage",
  "stale_parent",
] satisfies readonly FailureClass[];

type Holds = (seen: Seen, thresholds: Thresholds) => boolean;

/** The rules about one credential. */
const HOLDS: Readonly<Partial<Record<Rule, Holds>>> = {
  TokenMissing: ({ row }) => !row.served,
  TokenExpiringSoon: (seen, thresholds) => endsSoon(seen, thresholds),
  NeedsPerson: ({ facts }) => facts.control.block?.class === "needs_person",
  PermanentFailure: ({ facts }) => facts.control.block?.class === "permanent",
  CoolDown: ({ facts: { control, now } }) => control.block?.class === "cool_down" && (control.block.until ?? 0) > now,
  RefreshFailing: ({ facts: { control, last, paused } }) =>
    control.failures > 0 && !paused && !control.block && PASSING.includes(last?.outcome ?? ""),
  SuspectToken: ({ facts: { control } }) => control.suspect !== undefined && control.suspect === control.fingerprint,
  ForeignRefresh: ({ row, facts: { control, now } }, { foreignLasts }) =>
    row.foreign > 0 && control.foreignAt !== undefined && now - control.foreignAt < foreignLasts,
  QuotaHigh: ({ row }, { quotaShare }) => row.used > 0 && row.used >= quotaShare * row.cap,
  RefreshOverdue: ({ row }) => row.state === "overdue",
};

/**
 * What is wrong, by the rules. Pure: the same round, the same conditions.
 * @returns by the keys of their incidents.
 */
export function conditionsOf(round: Round, thresholds: Thresholds): ReadonlyMap<string, Condition> {
  const fleet = fleetConditions(round.fleet, thresholds);
  const noWorker = fleet.some(({ rule }) => rule === "NoWorker");
  const seen = seenIn(round);
  const credentials = seen.flatMap((each) =>
    Object.entries(HOLDS)
      .filter(([, holds]) => holds(each, thresholds))
      .map(([name]): Condition => {
        const rule = name as Rule;
        return { ...conditionOf(rule, each), explained: isExplained(rule, each, { noWorker, thresholds }) };
      }),
  );
  return new Map([...fleet, ...credentials].map((each) => [incidentKey(each), each]));
}

function seenIn({ facts, rows }: Round): Seen[] {
  const all = facts.flatMap((each, index) => {
    const row = rows[index];
    return row ? [{ facts: each, row }] : [];
  });
  const tokens = new Map(all.filter(({ row }) => row.kind === "access_token").map((each) => [each.row.account, each]));
  return all.map((each) => {
    const parent = each.row.kind === "access_token" ? undefined : tokens.get(each.row.account);
    return { ...each, ...(parent && { parent }) };
  });
}

function conditionOf(rule: Rule, { facts: { control }, row }: Seen): Omit<Condition, "explained"> {
  const { failingSince, block } = control;
  const since = rule === "RefreshFailing" ? failingSince : rule === "ForeignRefresh" ? control.foreignAt : undefined;
  return {
    rule,
    subject: { account: clipped(row.account), name: clipped(row.name), kind: row.kind },
    ...(since !== undefined && { since }),
    facts: {
      state: row.state,
      served: row.served,
      ...(row.trouble && { code: clipped(row.trouble.code, 32) }),
      ...(row.trouble && block?.ip !== undefined && { ip: clipped(block.ip, 45) }),
      ...(row.trouble?.rid !== undefined && { rid: clipped(row.trouble.rid) }),
      ...(row.expiresAt !== undefined && { endsAt: row.expiresAt }),
      ...(rule === "CoolDown" && block?.until !== undefined && { until: block.until }),
      ...(row.foreign > 0 && { foreign: row.foreign }),
      ...(rule === "QuotaHigh" && { used: row.used, cap: row.cap }),
    },
  };
}

/** Redis holds what somebody wrote there: what is too long for an incident is cut. */
function clipped(text: string, length = 64): string {
  return text.slice(0, length);
}

interface Around {
  readonly noWorker: boolean;
  readonly thresholds: Thresholds;
}

function isExplained(rule: Rule, seen: Seen, { noWorker, thresholds }: Around): boolean {
  if (noWorker && (rule === "RefreshOverdue" || rule === "TokenExpiringSoon")) return true;
  if (rule === "TokenMissing" && neverHad(seen)) return true;
  return rule !== "QuotaHigh" && isParents(rule, seen, thresholds);
}

/** A ticket in trouble because its access token is, and not for a reason of its own. */
function isParents(rule: Rule, { facts, parent }: Seen, thresholds: Thresholds): boolean {
  if (!parent || (parent.row.level === "ok" && parent.row.served)) return false;
  const own = facts.control.block?.code;
  if (own !== undefined && own !== parent.facts.control.block?.code) return false;
  if (rule !== "TokenMissing" && rule !== "TokenExpiringSoon") return true;
  // What apps feel is told, unless what is told of the token is as bad: a pause or a cool-down of it is not.
  const asBad = !parent.row.served || HOLDS[rule]?.(parent, thresholds) === true;
  return asBad || (own !== undefined && waitsForPerson(facts));
}

/** A credential that waits for a person since before its first value: that it has none is said with the reason. */
function neverHad({ facts }: Seen): boolean {
  return waitsForPerson(facts) && facts.control.committedGeneration === 0;
}

function waitsForPerson({ control }: Facts): boolean {
  return control.block?.class === "needs_person" || control.block?.class === "permanent";
}

/** It had a value, which ended or is about to, and no refresh in sight. */
function endsSoon({ facts, row }: Seen, { classicEnds, repeatedEnds, endsPart }: Thresholds): boolean {
  const { control, now } = facts;
  if (control.committedGeneration === 0 || row.state === "healthy" || row.state === "refreshing") return false;
  const life = (control.expiresAt ?? 0) - (control.issuedAt ?? 0);
  const classic = row.kind === "access_token" && row.token === "classic";
  const least = Math.min(classic ? classicEnds : repeatedEnds, life > 0 ? life * endsPart : Number.POSITIVE_INFINITY);
  return (row.expiresAt ?? 0) - now < least;
}

function fleetConditions(fleet: Fleet, { memoryShare }: Thresholds): Condition[] {
  const { workers, schedulers } = fleet;
  const risks = risksOf(fleet.redis, memoryShare);
  const noWorker = workers.length === 0;
  return [
    ...(noWorker ? [{ rule: "NoWorker" as const, facts: {}, explained: false }] : []),
    ...(schedulers.overdue > 0
      ? [{ rule: "SchedulerOverdue" as const, facts: { overdue: schedulers.overdue }, explained: noWorker }]
      : []),
    ...risks.map((risk) => ({ rule: "RedisRisk" as const, facts: { risks: [risk] }, explained: false })),
  ];
}

function risksOf({ policy, usedBytes, limitBytes, persistenceOk, role }: Fleet["redis"], memoryShare: number): Risk[] {
  const found: [Risk, boolean][] = [
    ["policy", policy !== "noeviction"],
    ["memory", limitBytes > 0 && usedBytes > memoryShare * limitBytes],
    ["persistence", !persistenceOk],
    ["role", role !== "master"],
  ];
  return found.filter(([, holds]) => holds).map(([risk]) => risk);
}
