import type { Block } from "@tokenkeeper/core";
import { capFor } from "./budget.ts";
import type { CredentialState, RefreshReason, RefreshRules } from "./state.ts";

/** What keeps a refresh from happening although there is a reason for it. */
export type BlockedBy = "permanent" | "cool_down" | "needs_person" | "budget" | "retry_at" | "force_spacing" | "paused";

/** What is to be done about a credential now. Instants are epoch ms by Redis time. */
export type Decision =
  | { readonly type: "refresh"; readonly reason: RefreshReason }
  | { readonly type: "fresh"; readonly nextAt: number }
  | { readonly type: "busy"; readonly until: number }
  /** Without `until` only a change of the configuration or a person ends it. */
  | { readonly type: "blocked"; readonly why: BlockedBy; readonly until?: number };

/** What is decided about, under which rules, and whether a person asked. */
export interface DecideInput {
  readonly state: CredentialState;
  readonly rules: RefreshRules;
  /** A person passes permanent, needs-person and `retry_at` once, never a cool-down or the budget by hand. */
  readonly byHand: boolean;
  /** A person wants another value, whatever the facts say. */
  readonly forced?: boolean;
  /** A person re-runs a failed job, this one or others of the credential together with it. */
  readonly isRerun?: boolean;
  /** The parent has a new value: what failed with the one before says nothing, `retry_at` is over. */
  readonly afterParent?: boolean;
  /** When the day's budget begins anew, epoch ms. */
  readonly nextDayAt: number;
}

/** WeChat's errcode for it. */
const QUOTA_USED_UP = "45009";
const DAY = 86_400_000;
/** No ban and no retry lasts longer; one that says so was written by a broken clock or hand: void. */
const LONGEST_BLOCK = 32 * DAY;
const LONGEST_RETRY = DAY;

/** The one place that says whether to fetch. Pure: same facts, same answer. */
export function decide(input: DecideInput): Decision {
  const { state } = input;
  if (state.paused) return { type: "blocked", why: "paused" };
  const reason = input.forced ? "forced" : reasonToRefresh(state);
  const held = reason !== undefined && heldLease(input);
  // What another job of the same re-run is fetching right now decides what this one comes to.
  if (held && input.isRerun) return { type: "busy", until: held };
  const barrier = barrierFor(input, reason);
  if (barrier) return barrier;
  if (reason === undefined) return { type: "fresh", nextAt: nextReasonAt(state) };
  return held ? { type: "busy", until: held } : { type: "refresh", reason };
}

/** When the lease in force ends. One that ends later than any lease can was written by a broken clock or hand: void. */
function heldLease({ state: { control, now }, rules }: DecideInput): number | false {
  const until = control.lease?.until ?? 0;
  return until > now && until <= now + rules.leaseMs && until;
}

type Check = (state: CredentialState) => RefreshReason | false;

const CHECKS: readonly Check[] = [
  ({ remainingMs, control, now }) =>
    remainingMs === undefined && ((control.expiresAt ?? now + 1) <= now ? "expired" : "missing"),
  ({ control }) => control.intent !== undefined && "intent_open",
  ({ control, now }) => control.settleDue !== undefined && control.settleDue <= now && "settle_due",
  ({ control }) => isReported(control) && "reported",
  ({ control, now }) => (control.planAt ?? 0) <= now && "due",
];

/** The first reason there is to fetch, in the order of urgency. */
export function reasonToRefresh(state: CredentialState): RefreshReason | undefined {
  for (const check of CHECKS) {
    const reason = check(state);
    if (reason !== false) return reason;
  }
  return undefined;
}

/** Whether apps have no value that WeChat accepts: none is stored, or the stored one is seen to be refused. */
export function isWanting({ remainingMs, control }: CredentialState): boolean {
  return remainingMs === undefined || isReported(control);
}

/** A report counts while the value it is about is stored and was not fetched again since. */
function isReported({ reported, fingerprint, committedAt }: CredentialState["control"]): boolean {
  return reported !== undefined && reported.fingerprint === fingerprint && reported.at > (committedAt ?? 0);
}

function barrierFor(input: DecideInput, reason: RefreshReason | undefined): Decision | undefined {
  const { state, rules, byHand, afterParent = false, nextDayAt } = input;
  const { block, retryAt } = state.control;
  // A failure belongs to the secret that failed: with another one it says nothing. A cool-down is about account and address.
  const holds = block !== undefined && blockHolds(block, rules);
  if (holds && block.class === "permanent" && !byHand) return { type: "blocked", why: "permanent" };
  if (holds && block.until !== undefined && isAhead(block.until, state.now, LONGEST_BLOCK)) {
    if (block.class === "cool_down") return { type: "blocked", why: "cool_down", until: block.until };
    if (!byHand) return { type: "blocked", why: "needs_person", until: block.until };
  }
  if (reason === undefined) return undefined;
  const { automatic, byHand: hand } = state.used;
  const allowed = byHand ? hand < rules.handCap : automatic < capFor(rules.automaticCap, reason);
  if (!allowed) return { type: "blocked", why: "budget", until: nextDayAt };
  const spacedUntil = (state.control.forced?.at ?? 0) + rules.forceSpacingMs;
  if (reason === "forced" && isAhead(spacedUntil, state.now, rules.forceSpacingMs))
    return { type: "blocked", why: "force_spacing", until: spacedUntil };
  if (byHand || afterParent || retryAt === undefined || (block !== undefined && !holds)) return undefined;
  return isAhead(retryAt, state.now, LONGEST_RETRY) ? { type: "blocked", why: "retry_at", until: retryAt } : undefined;
}

/** A used-up quota belongs to an endpoint, another cool-down to account and address, every other failure to a secret. */
function blockHolds({ class: failureClass, code, secret }: Block, rules: RefreshRules): boolean {
  if (failureClass !== "cool_down") return secret === rules.secret;
  return code !== QUOTA_USED_UP || secret === rules.endpoint;
}

function isAhead(instant: number, now: number, atMost: number): boolean {
  return instant > now && instant <= now + atMost;
}

/** When the next reason appears by the passing of time alone. */
function nextReasonAt({ now, control, remainingMs }: CredentialState): number {
  const times = [control.planAt, control.settleDue, remainingMs === undefined ? undefined : now + remainingMs];
  return Math.min(...times.filter((time) => time !== undefined));
}

/** When a decision wants the next look, epoch ms; `undefined`: not by itself. */
export function nextLookAt(decision: Decision | undefined, now: number): number | undefined {
  switch (decision?.type) {
    case "refresh":
      return now;
    case "fresh":
      return decision.nextAt;
    case "busy":
    case "blocked":
      return decision.until;
    case undefined:
      return undefined;
  }
}
