// What the Lua scripts mean, as functions on a keyspace. `conformance.test.ts` holds the two against each other.
import { beijingDate, CONTROL_FIELDS, decodeControl, nextBeijingMidnight } from "@tokenkeeper/core";
import { controlKey, quotaKey, recordKey, RECORD_SCHEMA, type CredentialRef } from "@tokenkeeper/shared/contract";
import type { CredentialState } from "../../packages/worker/src/decide/state.ts";
import type {
  BeginInput,
  Begun,
  CommitInput,
  CountedCredential,
  FailInput,
  LookedAt,
  Offer,
  RepairInput,
  ReportInput,
  ReportReply,
  StoredValue,
  UnknownOutcome,
} from "../../packages/worker/src/store/credential-store.ts";
import type { Keyspace } from "./keyspace.ts";

/** A `CredentialStore` whose functions return at once. */
export interface MemoryStore {
  readStates(credentials: readonly CountedCredential[], wallClock: number): CredentialState[];
  readValue(credential: CredentialRef): StoredValue | undefined;
  beginIfDue(offer: Offer, wallClock: number): LookedAt;
  begin(input: BeginInput): Begun;
  commit(input: CommitInput): "committed" | "already" | "fenced";
  fail(input: FailInput): "failed" | "already" | "overtaken";
  report(input: ReportInput): ReportReply;
  restoreUnknown(input: UnknownOutcome): "settled" | "known" | "restored";
  repair(input: RepairInput): "intact" | "overtaken" | "busy" | "repaired";
  addFailedJob(credential: CredentialRef, jobId: string): void;
  removeFailedJob(credential: CredentialRef, jobId: string): void;
}

const QUOTA_TTL_MS = 3 * 24 * 60 * 60 * 1_000;
const FAILED_JOBS_KEPT = 50;
const IN_THE_WAY = [
  "lease_until",
  "intent_generation",
  "settle_due",
  "reported",
  "retry_at",
  "block_class",
  "failed_jobs",
];
const BLOCK_FIELDS = ["block_class", "block_code", "block_until", "block_secret", "block_ip", "block_rid"];

/** @param publish tells readers of a rotation. */
export function createMemoryStore(keys: Keyspace, publish: (credential: CredentialRef) => void): MemoryStore {
  const whole = (key: string, field: string): number | undefined => {
    const text = keys.get(key, field);
    const number = text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
    return number !== undefined && number <= Number.MAX_SAFE_INTEGER ? number : undefined;
  };

  function release(control: string, attempt: string): void {
    if (keys.get(control, "lease_attempt") === attempt) keys.remove(control, ["lease_attempt", "lease_until"]);
  }

  function settleAfter(control: string, ms: number): void {
    if (ms > 0) keys.set(control, { settle_due: keys.now() + ms });
  }

  function heldUntil(control: string, leaseMs: number): number | undefined {
    const until = whole(control, "lease_until") ?? 0;
    return until > keys.now() && until <= keys.now() + leaseMs ? until : undefined;
  }

  function putRecord({ credential, value, expiresAt, sentAt, generation }: CommitInput): void {
    const key = recordKey(credential);
    keys.drop(key);
    const fields = { value, expires_at: expiresAt, issued_at: sentAt, version: generation, schema: RECORD_SCHEMA };
    keys.set(key, fields);
    keys.expireAt(key, expiresAt);
  }

  function raiseGeneration(control: string, generation: string): void {
    if ((whole(control, "generation") ?? 0) < Number(generation)) keys.set(control, { generation });
  }

  function stateOf({ credential, endpoint }: CountedCredential, wallClock: number): CredentialState {
    const key = recordKey(credential);
    const fields = keys.all(controlKey(credential));
    const control = decodeControl(CONTROL_FIELDS.map((field) => fields[field] ?? null));
    const quota = quotaKey(credential.account, beijingDate(wallClock));
    const ttl = keys.ttl(key);
    const committed =
      keys.get(key, "version") === String(control.committedGeneration) && keys.get(key, "schema") === RECORD_SCHEMA;
    return {
      now: keys.now(),
      control,
      used: { automatic: whole(quota, endpoint) ?? 0, byHand: whole(quota, `${endpoint}:hand`) ?? 0 },
      ...(ttl > 0 && committed && { remainingMs: ttl }),
    };
  }

  /** Takes the lease, counts and writes the intent; nothing of it when the budget is used up. */
  function take(
    control: string,
    quota: string,
    o: { attempt: string; leaseMs: number; counter: string; cap: number; rememberedUse: number },
  ): Extract<Begun, { type: "begun" }> | undefined {
    const now = keys.now();
    const used = Math.max(whole(quota, o.counter) ?? 0, o.rememberedUse);
    if (used >= o.cap) return undefined;
    keys.set(quota, { [o.counter]: used + 1 });
    keys.expireAt(quota, now + QUOTA_TTL_MS);
    const generation = Math.max((whole(control, "generation") ?? 0) + 1, now);
    const intent = { intent_generation: generation, intent_at: now };
    keys.set(control, { generation, lease_attempt: o.attempt, lease_until: now + o.leaseMs, ...intent });
    return { type: "begun", generation: String(generation), now, used: used + 1 };
  }

  /** The attempt has begun already: it is sent again. */
  function replayOf(control: string, quota: string, counter: string): Extract<Begun, { type: "begun" }> {
    const generation = keys.get(control, "intent_generation") ?? "null";
    return { type: "begun", generation, now: Number(keys.get(control, "intent_at")), used: whole(quota, counter) ?? 0 };
  }

  return {
    readStates: (credentials, wallClock) => credentials.map((each) => stateOf(each, wallClock)),

    beginIfDue({ attempt, leaseMs, cap, rememberedUse, ...counted }, wallClock) {
      const { credential, endpoint } = counted;
      const [control, quota] = [controlKey(credential), quotaKey(credential.account, beijingDate(wallClock))];
      const state = stateOf(counted, wallClock);
      if (keys.get(control, "lease_attempt") === attempt) {
        const { lease: _lease, intent: _intent, ...before } = state.control;
        return { state: { ...state, control: before }, begun: replayOf(control, quota, endpoint) };
      }
      const today = nextBeijingMidnight(wallClock) === nextBeijingMidnight(keys.now());
      const plain = today && IN_THE_WAY.every((field) => keys.get(control, field) === undefined);
      const planAt = whole(control, "plan_at");
      const due = keys.ttl(recordKey(credential)) === -2 || (planAt !== undefined && planAt <= keys.now());
      const begun =
        plain && due ? take(control, quota, { attempt, leaseMs, counter: endpoint, cap, rememberedUse }) : undefined;
      return { state, ...(begun && { begun }) };
    },

    readValue(credential) {
      const key = recordKey(credential);
      const value = keys.get(key, "value");
      const fp = keys.get(controlKey(credential), "fingerprint");
      const committed = keys.get(controlKey(credential), "committed_generation");
      if (value === undefined || fp === undefined || keys.get(key, "version") !== committed) return undefined;
      return { value, fingerprint: fp, remainingMs: keys.ttl(key) };
    },

    begin({ credential, endpoint, attempt, state, leaseMs, cap, byHand, rememberedUse, settleMs, forcedBy }) {
      const control = controlKey(credential);
      const quota = quotaKey(credential.account, beijingDate(state.now));
      const counter = byHand ? `${endpoint}:hand` : endpoint;
      if (keys.get(control, "lease_attempt") === attempt) return replayOf(control, quota, counter);
      const until = heldUntil(control, leaseMs);
      if (until !== undefined) return { type: "busy", until };
      const open = whole(control, "intent_at") === undefined ? undefined : whole(control, "intent_generation");
      const committed = whole(control, "committed_generation") ?? 0;
      const seen = state.control.intent?.generation ?? 0;
      if (committed !== state.control.committedGeneration || (open ?? 0) !== seen) return { type: "changed" };
      const begun = take(control, quota, { attempt, leaseMs, counter, cap, rememberedUse });
      if (!begun) return { type: "budget" };
      if (forcedBy !== undefined) keys.set(control, { forced_at: begun.now, forced_job: forcedBy });
      if (open !== undefined) {
        keys.set(control, { unknown_at: begun.now });
        settleAfter(control, settleMs);
      }
      return begun;
    },

    commit(input) {
      const { credential, attempt, generation, settleMs, sentAt, fingerprint } = input;
      const control = controlKey(credential);
      const now = keys.now();
      if (keys.get(control, "committed_attempt") === attempt) return "already";
      if (Number(generation) < (whole(control, "committed_generation") ?? 0)) {
        keys.set(control, { unknown_at: now });
        settleAfter(control, settleMs);
        release(control, attempt);
        return "fenced";
      }
      putRecord(input);
      if ((whole(control, "intent_generation") ?? 0) <= Number(generation)) {
        keys.remove(control, ["intent_generation", "intent_at"]);
      }
      if (sentAt >= (whole(control, "settle_due") ?? 0)) keys.remove(control, ["settle_due"]);
      const over = ["retry_at", "failures", "failing_since", "reported", "reported_at", "last_code", ...BLOCK_FIELDS];
      keys.remove(control, over);
      keys.set(control, {
        committed_attempt: attempt,
        committed_generation: generation,
        committed_at: now,
        last_at: now,
        ...aboutValue(input),
      });
      raiseGeneration(control, generation);
      if (keys.get(control, "suspect") !== fingerprint) keys.remove(control, ["suspect"]);
      release(control, attempt);
      publish(credential);
      return "committed";
    },

    restoreUnknown({ credential, sentAt, settleAt }) {
      const control = controlKey(credential);
      if ((whole(control, "issued_at") ?? 0) >= settleAt) return "settled";
      if ((whole(control, "unknown_at") ?? 0) >= sentAt) return "known";
      const due = Math.max(whole(control, "settle_due") ?? 0, settleAt);
      keys.set(control, { unknown_at: sentAt, settle_due: due });
      return "restored";
    },

    fail({ credential, attempt, generation, keepIntent, settleMs, fields }) {
      const control = controlKey(credential);
      const now = keys.now();
      if (keys.get(control, "last_attempt") === attempt) return "already";
      release(control, attempt);
      if (!keepIntent && whole(control, "intent_generation") === Number(generation)) {
        keys.remove(control, ["intent_generation", "intent_at"]);
      }
      if (keepIntent) keys.set(control, { unknown_at: now });
      settleAfter(control, settleMs);
      if ((whole(control, "generation") ?? 0) > Number(generation)) return "overtaken";
      const failures = (whole(control, "failures") ?? 0) + 1;
      keys.set(control, { failures, failing_since: whole(control, "failing_since") ?? now });
      keys.remove(control, ["retry_at", ...BLOCK_FIELDS]);
      const given = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
      keys.set(control, { last_attempt: attempt, last_at: now, ...Object.fromEntries(given) });
      return "failed";
    },

    report({ credential, fingerprint, now: day, spacingMs, suspectSpacingMs, cap, foreignAfterMs }) {
      const control = controlKey(credential);
      const quota = quotaKey(credential.account, beijingDate(day));
      const now = keys.now();
      if (keys.get(control, "fingerprint") !== fingerprint) return "stale";
      const spacing = keys.get(control, "suspect") === fingerprint ? suspectSpacingMs : spacingMs;
      const last = whole(control, "reported_seen") ?? 0;
      if (last <= now && last + spacing > now) return "too_soon";
      const used = whole(quota, "reported") ?? 0;
      if (used >= cap) return "budget";
      keys.set(quota, { reported: used + 1 });
      keys.expireAt(quota, now + QUOTA_TTL_MS);
      keys.set(control, { reported: fingerprint, reported_at: now, reported_seen: now });
      keys.remove(control, ["retry_at"]);
      if (foreignAfterMs < 0 || (whole(control, "unknown_at") ?? 0) + foreignAfterMs > now) return "confirmed";
      keys.set(control, { foreign_at: now });
      keys.set(quota, { foreign: (whole(quota, "foreign") ?? 0) + 1 });
      return "foreign";
    },

    repair({ commit, replaced, leaseMs }) {
      const { credential, attempt, generation, expiresAt } = commit;
      const control = controlKey(credential);
      const version = keys.get(recordKey(credential), "version");
      const committed = whole(control, "committed_generation") ?? 0;
      if (version === generation && committed === Number(generation)) return "intact";
      if (committed > Number(generation) || expiresAt <= keys.now()) return "overtaken";
      if (version !== undefined && version !== generation && version !== String(replaced)) return "overtaken";
      const held = heldUntil(control, leaseMs) !== undefined && keys.get(control, "lease_attempt") !== attempt;
      if (held || (whole(control, "intent_generation") ?? 0) > Number(generation)) return "busy";
      putRecord(commit);
      keys.remove(control, ["intent_generation", "intent_at", "lease_attempt", "lease_until"]);
      const marks = { committed_attempt: attempt, committed_generation: generation, committed_at: keys.now() };
      keys.set(control, { ...marks, ...aboutValue(commit) });
      raiseGeneration(control, generation);
      publish(credential);
      return "repaired";
    },

    addFailedJob: (credential, jobId) => keepJobs(credential, (jobs) => [...without(jobs, jobId), jobId]),
    removeFailedJob: (credential, jobId) => keepJobs(credential, (jobs) => without(jobs, jobId)),
  };

  function keepJobs(credential: CredentialRef, change: (jobs: string[]) => string[]): void {
    const control = controlKey(credential);
    const before = (keys.get(control, "failed_jobs") ?? "").split(",").filter(Boolean);
    const jobs = change(before).slice(-FAILED_JOBS_KEPT);
    if (jobs.length > 0) keys.set(control, { failed_jobs: jobs.join(",") });
    else keys.remove(control, ["failed_jobs"]);
  }
}

function without(jobs: readonly string[], jobId: string): string[] {
  return jobs.filter((id) => id !== jobId);
}

/** The control fields about a value. */
function aboutValue(input: CommitInput): Record<string, string | number> {
  return {
    fingerprint: input.fingerprint,
    value_since: input.valueSince,
    issued_at: input.sentAt,
    expires_at: input.expiresAt,
    plan_at: input.planAt,
    last_attempt: input.attempt,
    last_outcome: "refreshed",
    last_reason: input.reason,
    last_duration_ms: input.durationMs,
    ...(input.suspect && { suspect: input.fingerprint }),
  };
}
