import {
  automaticCap,
  dailyLimitOf,
  endpointOf,
  explainCode,
  FAILURE_CLASSES,
  FORCED_A_DAY,
  HAND_CAP,
  LEADER_READS_A_DAY,
  type FailureClass,
} from "@tokenkeeper/core";
import { credentialId, MINUTE, SECOND } from "@tokenkeeper/shared/contract";
import type { Facts } from "./data.ts";
import type { Detail, Level, Row, State, Trouble } from "./row.ts";

/** How long a due refresh may wait before nobody seems to make it. The sweep comes every 10 s, the fallback after two. */
const OVERDUE_AFTER = MINUTE;
/** A record's own end and the planned one differ by rounding alone. */
const SAME_END = 2 * SECOND;
/** Longest lease, ms; one that ends later is void. */
const LONGEST_LEASE = MINUTE;

/** What the page shows of a credential. Pure: same facts, same row. */
export function rowOf(facts: Facts): Row {
  const { entry, kind, control, counters, last, paused } = facts;
  const ref = { account: entry.id, kind };
  const expiresAt = endOf(facts);
  const served = expiresAt !== undefined;
  const state = stateOf(facts, served);
  const trouble = troubleOf(facts, state);
  const nextAt = nextLookOf(facts, state);
  const endpoint = endpointOf(kind, entry);
  const limit = dailyLimitOf(endpoint, entry.sandbox);
  const failing = failingClassOf(facts, state);
  return {
    id: credentialId(ref),
    ...ref,
    name: entry.name,
    token: entry.token,
    ...(entry.follows && { follows: true as const }),
    state,
    level: levelOf(state, served),
    served,
    failures: control.failures,
    failedJobs: control.failedJobs.length,
    used: counters[endpoint] ?? 0,
    cap: capOf(facts),
    foreign: kind === "access_token" ? (counters["foreign"] ?? 0) : 0,
    ...(served && { expiresAt }),
    ...(served && control.issuedAt !== undefined && { issuedAt: control.issuedAt }),
    ...(served && control.fingerprint !== undefined && { fingerprint: control.fingerprint }),
    ...(last && { last }),
    ...(nextAt !== undefined && { nextAt }),
    ...(control.failingSince !== undefined && { failingSince: control.failingSince }),
    ...(trouble && { trouble }),
    ...(failing && { failing }),
    ...(limit !== undefined && { limit }),
    ...(control.foreignAt !== undefined && { foreignAt: control.foreignAt }),
    ...(paused && { paused }),
    ...(control.intent && state !== "refreshing" && { unknown: true as const }),
    ...(control.settleDue !== undefined && { settles: true as const }),
  };
}

/** What a credential's own page shows beside its row and its history. */
export function factsOnPage(facts: Facts): Detail["facts"] {
  const { entry, kind, control, counters, reportedSeen } = facts;
  const { settleDue, unknownAt, intent, lease, forced } = control;
  const times = {
    settleDue,
    unknownAt,
    intentAt: intent?.at,
    leaseUntil: lease?.until,
    forcedAt: forced?.at,
    reportedSeen,
  };
  return {
    family: entry.family,
    generation: control.generation,
    reportedToday: counters["reported"] ?? 0,
    byHand: counters[`${endpointOf(kind, entry)}:hand`] ?? 0,
    handCap: HAND_CAP,
    forced: counters["stable_token_forced:hand"] ?? 0,
    forcedCap: FORCED_A_DAY,
    ...(Object.fromEntries(Object.entries(times).filter(([, at]) => at !== undefined)) as Partial<typeof times>),
  } as Detail["facts"];
}

/** When the stored value ends; `undefined` when apps have none. By Redis' own word, where the dashboard may ask. */
function endOf({ control, lifeMs, now }: Facts): number | undefined {
  const planned = control.expiresAt;
  if (lifeMs === undefined) return planned !== undefined && planned > now ? planned : undefined;
  if (lifeMs === 0) return undefined;
  const end = now + lifeMs;
  const same = planned !== undefined && Math.abs(end - planned) < SAME_END;
  return same ? planned : Math.round(end / SECOND) * SECOND;
}

type Check = (facts: Facts, served: boolean) => boolean;

/** In this order: what explains most comes first. */
const CHECKS: readonly (readonly [State, Check])[] = [
  ["paused", ({ paused }) => paused !== undefined],
  ["blocked", ({ control: { block } }) => block?.class === "permanent" || block?.class === "needs_person"],
  ["suspect", ({ control }) => control.suspect !== undefined && control.suspect === control.fingerprint],
  ["cooling", ({ control: { block }, now }) => block?.class === "cool_down" && (block.until ?? 0) > now],
  ["refused", ({ control }) => isReported(control)],
  ["overdue", (facts) => isOverdue(facts)],
  ["refreshing", ({ control: { lease }, now }) => lease !== undefined && isAhead(lease.until, now)],
  ["retrying", ({ control }) => control.failures > 0],
  ["new", ({ control }, served) => control.generation === 0 && !served],
  ["missing", (_facts, served) => !served],
];

function stateOf(facts: Facts, served: boolean): State {
  return CHECKS.find(([, holds]) => holds(facts, served))?.[0] ?? "healthy";
}

function levelOf(state: State, served: boolean): Level {
  if (state === "blocked" || state === "suspect" || state === "refused" || state === "overdue") return "bad";
  if (!served && state !== "new" && state !== "refreshing") return "bad";
  return state === "healthy" || state === "refreshing" ? "ok" : "warn";
}

/** A report counts while the value it is about is stored and was not fetched again since. */
function isReported({ reported, fingerprint, committedAt }: Facts["control"]): boolean {
  return reported !== undefined && reported.fingerprint === fingerprint && reported.at > (committedAt ?? 0);
}

/** It should have been refreshed a while ago, and nobody is at it. */
function isOverdue({ control, now }: Facts): boolean {
  const { planAt, lease, retryAt } = control;
  if (planAt === undefined || planAt + OVERDUE_AFTER > now) return false;
  return (retryAt ?? 0) + OVERDUE_AFTER <= now && !(lease && isAhead(lease.until, now));
}

function isAhead(until: number, now: number): boolean {
  return until > now && until <= now + LONGEST_LEASE;
}

function nextLookOf({ control }: Facts, state: State): number | undefined {
  const { block, retryAt, planAt, settleDue } = control;
  if (state === "paused") return undefined;
  if (state === "blocked" || state === "cooling") return block?.until;
  if (state === "retrying" && retryAt !== undefined) return retryAt;
  const times = [planAt, settleDue].filter((time) => time !== undefined);
  return times.length > 0 ? Math.min(...times) : undefined;
}

function troubleOf({ kind, control, last }: Facts, state: State): Trouble | undefined {
  const { block, failures } = control;
  const failed = failures > 0 || state === "blocked" || state === "cooling";
  const code = failed ? (block?.code ?? last?.code) : undefined;
  if (!code) return undefined;
  const explained = explainCode(code, kind === "access_token" ? "token" : "ticket", block?.ip);
  return { code, ...explained, ...(block?.rid !== undefined && { rid: block.rid }) };
}

/** The class of what stands in the way, when something does. */
function failingClassOf({ control: { block, failures }, last }: Facts, state: State): FailureClass | undefined {
  if (block && (state === "blocked" || state === "cooling")) return block.class;
  return failures > 0 ? FAILURE_CLASSES.find((each) => each === last?.outcome) : undefined;
}

function capOf({ entry, kind, control: { issuedAt, expiresAt } }: Facts): number {
  const endpoint = endpointOf(kind, entry);
  if (endpoint === "leader") return LEADER_READS_A_DAY;
  const limit = dailyLimitOf(endpoint, entry.sandbox);
  const lifeMs = (expiresAt ?? 0) - (issuedAt ?? 0);
  return automaticCap({ ...(limit !== undefined && { limit }), ...(lifeMs > 0 && { lifeMs }) });
}
