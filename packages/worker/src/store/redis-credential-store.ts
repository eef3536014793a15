import { beijingDate, CONTROL_FIELDS, decodeControl, nextBeijingMidnight } from "@tokenkeeper/core";
import {
  controlKey,
  decodeRecord,
  pauseKey,
  quotaKey,
  RECORD_FIELDS,
  RECORD_SCHEMA,
  recordKey,
  ROTATED_CHANNEL,
  type Clock,
} from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import type { CredentialState } from "../decide/state.ts";
import type { CommitInput, CountedCredential, CredentialStore, LookedAt, ReportReply } from "./credential-store.ts";
import { FAILED_JOBS } from "./job-scripts.ts";
import { createScriptRunner, guard, repliesOf, type ScriptCall } from "./run-script.ts";
import { BEGIN, BEGIN_IF_DUE, COMMIT, FAIL, READ, REPAIR, REPORT, RESTORE_UNKNOWN } from "./scripts.ts";

const QUOTA_TTL_SECONDS = 3 * 24 * 60 * 60;
const FAILED_JOBS_KEPT = 50;
const CHUNK = 500;

/**
 * The store on a real Redis.
 * @param clock its wall clock only picks the day whose counters are read.
 */
export function createRedisCredentialStore(redis: Redis, clock: Clock): CredentialStore {
  const scripts = createScriptRunner(redis);

  return {
    async readStates(credentials) {
      const calls = credentials.map((each) => readCall(each, beijingDate(clock.now())));
      const [only] = calls;
      if (only && calls.length === 1) return [decodeFacts(await scripts.run(READ, only)).state];
      const states: CredentialState[] = [];
      for (let start = 0; start < calls.length; start += CHUNK) {
        const read = await scripts.runEach(READ, calls.slice(start, start + CHUNK));
        states.push(...read.map((reply) => decodeFacts(reply).state));
      }
      return states;
    },

    async readValue(credential) {
      const key = recordKey(credential);
      const [ttl, fields, control] = await guard(() =>
        repliesOf(
          redis
            .pipeline()
            .pttl(key)
            .hmget(key, ...RECORD_FIELDS)
            .hmget(controlKey(credential), "fingerprint", "committed_generation"),
        ),
      );
      const record = Array.isArray(fields) ? decodeRecord(fields) : undefined;
      const [fp, committed] = Array.isArray(control) ? (control as unknown[]) : [];
      if (!record || typeof ttl !== "number" || ttl <= 0 || typeof fp !== "string") return undefined;
      if (record.version !== committed) return undefined;
      return { value: record.value, fingerprint: fp, remainingMs: ttl };
    },

    async beginIfDue({ attempt, leaseMs, cap, rememberedUse, ...counted }) {
      const today = clock.now();
      const { keys, args } = readCall(counted, beijingDate(today));
      const offer = [attempt, leaseMs, cap, rememberedUse, QUOTA_TTL_SECONDS, nextBeijingMidnight(today)];
      return decodeFacts(await scripts.run(BEGIN_IF_DUE, { keys, args: [...args, ...offer] }));
    },

    async begin(input) {
      const { credential, endpoint, attempt, state, byHand } = input;
      const field = byHand ? `${endpoint}:hand` : endpoint;
      const reply = await scripts.run(BEGIN, {
        keys: [controlKey(credential), quotaKey(credential.account, beijingDate(state.now))],
        args: [
          attempt,
          input.leaseMs,
          state.control.committedGeneration,
          state.control.intent?.generation ?? 0,
          field,
          input.cap,
          input.rememberedUse,
          QUOTA_TTL_SECONDS,
          input.settleMs,
          input.forcedBy ?? "",
        ],
      });
      const [word, first, second, third] = Array.isArray(reply) ? (reply as unknown[]) : [];
      if (word === "begun")
        return { type: "begun", generation: String(first), now: Number(second), used: Number(third) };
      if (word === "busy") return { type: "busy", until: Number(first) };
      return { type: word === "budget" ? "budget" : "changed" };
    },

    async commit(input) {
      const { record, control, hint } = fieldsOf(input);
      const { attempt, generation, sentAt, settleMs, expiresAt } = input;
      const head = [attempt, generation, sentAt, settleMs, ROTATED_CHANNEL, hint, expiresAt, record.length];
      const reply = await scripts.run(COMMIT, { keys: keysOf(input), args: [...head, ...record, ...control] });
      return reply === "already" || reply === "fenced" ? reply : "committed";
    },

    async repair({ commit, replaced, leaseMs }) {
      const { record, control, hint } = fieldsOf(commit);
      const { attempt, generation, expiresAt } = commit;
      const head = [attempt, generation, replaced, ROTATED_CHANNEL, hint, expiresAt, leaseMs, record.length];
      const reply = await scripts.run(REPAIR, { keys: keysOf(commit), args: [...head, ...record, ...control] });
      return REPAIR_REPLIES.find((word) => word === reply) ?? "overtaken";
    },

    async restoreUnknown({ credential, sentAt, settleAt }) {
      const reply = await scripts.run(RESTORE_UNKNOWN, { keys: [controlKey(credential)], args: [sentAt, settleAt] });
      return reply === "settled" || reply === "known" ? reply : "restored";
    },

    async fail({ credential, attempt, generation, settleMs, keepIntent, fields }) {
      const set = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
      await scripts.run(FAIL, {
        keys: [controlKey(credential)],
        args: [attempt, generation, keepIntent ? 1 : 0, settleMs, ...set],
      });
    },

    async report({ credential, fingerprint, now, spacingMs, suspectSpacingMs, cap, foreignAfterMs }) {
      const reply = await scripts.run(REPORT, {
        keys: [controlKey(credential), quotaKey(credential.account, beijingDate(now))],
        args: [fingerprint, spacingMs, suspectSpacingMs, cap, QUOTA_TTL_SECONDS, foreignAfterMs],
      });
      return REPORT_REPLIES.find((word) => word === reply) ?? "stale";
    },

    async addFailedJob(credential, jobId) {
      await scripts.run(FAILED_JOBS, { keys: [controlKey(credential)], args: ["add", jobId, FAILED_JOBS_KEPT] });
    },

    async removeFailedJob(credential, jobId) {
      await scripts.run(FAILED_JOBS, {
        keys: [controlKey(credential)],
        args: ["remove", jobId, FAILED_JOBS_KEPT],
      });
    },
  };
}

const REPAIR_REPLIES = ["intact", "busy", "repaired"] as const;
const REPORT_REPLIES: readonly ReportReply[] = ["confirmed", "foreign", "stale", "too_soon", "budget"];

function keysOf({ credential }: CommitInput): string[] {
  return [recordKey(credential), controlKey(credential)];
}

/** What a commit writes: the record, the control fields about the value, and the hint to readers. */
function fieldsOf(input: CommitInput): { record: (string | number)[]; control: (string | number)[]; hint: string } {
  const { credential, generation, value, fingerprint, sentAt, expiresAt } = input;
  const record = { value, expires_at: expiresAt, issued_at: sentAt, version: generation, schema: RECORD_SCHEMA };
  const control = {
    fingerprint,
    value_since: input.valueSince,
    issued_at: sentAt,
    expires_at: expiresAt,
    plan_at: input.planAt,
    last_attempt: input.attempt,
    last_outcome: "refreshed",
    last_reason: input.reason,
    last_duration_ms: input.durationMs,
    ...(input.suspect && { suspect: fingerprint }),
  };
  const hint = JSON.stringify({
    account: credential.account,
    kind: credential.kind,
    version: generation,
    fp: fingerprint,
  });
  return { record: Object.entries(record).flat(), control: Object.entries(control).flat(), hint };
}

function readCall({ credential, endpoint }: CountedCredential, date: string): ScriptCall {
  return {
    keys: [
      recordKey(credential),
      controlKey(credential),
      quotaKey(credential.account, date),
      pauseKey(credential.account),
    ],
    args: [endpoint, `${endpoint}:hand`],
  };
}

/** What `FACTS` gives. What began with the look is no fact of it, also when the same look is sent again. */
function decodeFacts(reply: unknown): LookedAt {
  const [now, ttl, version, schema, automatic, byHand, paused, begun, ...pairs] = JSON.parse(
    String(reply),
  ) as unknown[];
  const fields = new Map<unknown, unknown>();
  for (let at = 0; at < pairs.length; at += 2) fields.set(pairs[at], pairs[at + 1]);
  if (begun) for (const field of BEGUN_FIELDS) fields.delete(field);
  const control = decodeControl(CONTROL_FIELDS.map((field) => (fields.get(field) as string | undefined) ?? null));
  // A record that is not the one that was committed last was written by somebody else: as good as none. So is one that readers cannot read.
  const committed = version === String(control.committedGeneration) && schema === RECORD_SCHEMA;
  const valid = typeof ttl === "number" && ttl > 0 && committed;
  const state = {
    now: Number(now),
    control,
    used: { automatic: countOf(automatic), byHand: countOf(byHand) },
    ...(valid && { remainingMs: ttl }),
    ...(paused === 1 && { paused: true }),
  };
  if (!Array.isArray(begun)) return { state };
  const [generation, at, used] = begun as unknown[];
  return { state, begun: { type: "begun", generation: String(generation), now: Number(at), used: Number(used) } };
}

const BEGUN_FIELDS = ["lease_attempt", "lease_until", "intent_generation", "intent_at"];

/** A counter as the scripts read it. */
function countOf(text: unknown): number {
  return typeof text === "string" && /^\d{1,15}$/.test(text) ? Number(text) : 0;
}
