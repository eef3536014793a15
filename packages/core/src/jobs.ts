import { credentialId, CREDENTIAL_KINDS, type CredentialRef } from "@tokenkeeper/shared/contract";
import { z } from "zod";

/** Repeatable jobs live here: one job scheduler per credential, and the sweep. */
export const SCHEDULE_QUEUE = "schedule";
/** The work and its history. */
export const REFRESH_QUEUE = "refresh";
/** Messages to people on call, each to one receiver. */
export const ALERTS_QUEUE = "alerts";

/**
 * Why somebody looks at a credential. A job never says "fetch": what is done is decided from the facts.
 * `plan`: its time has come. `missing`: an app demands it, or a child has no parent to fetch with. `reported`: WeChat refused
 * its value. `operator`: a person. `forced`: a person who wants another value although the stored one is fresh.
 * `parent`: its parent has a new value. `leader`: the instance that it follows has another value. `fallback`: it was refreshed
 * without the queue. `quota_reset`: no look at all, a person has WeChat set the account's counters back.
 */
export const TRIGGER_REASONS = [
  "plan",
  "missing",
  "reported",
  "operator",
  "forced",
  "parent",
  "leader",
  "fallback",
  "quota_reset",
] as const;

/** One of `TRIGGER_REASONS`. */
export type TriggerReason = (typeof TRIGGER_REASONS)[number];

const jobData = z.strictObject({
  account: z.string().max(64),
  kind: z.enum(CREDENTIAL_KINDS),
  reason: z.enum(TRIGGER_REASONS),
});

/** What a job on `refresh` carries, and nothing else: job data is clear text on the board. */
export type RefreshJobData = z.output<typeof jobData>;

/** The data of a job, or `undefined` when it is not what we put there: it can be edited from outside. */
export function parseRefreshJob(data: unknown): RefreshJobData | undefined {
  return jobData.safeParse(data).data;
}

const tickData = z.strictObject({ account: z.string().max(64), kind: z.enum(CREDENTIAL_KINDS) });

/** The credential of a tick, or `undefined` when the data is not ours. */
export function parseTickJob(data: unknown): CredentialRef | undefined {
  return tickData.safeParse(data).data;
}

/** Deduplication id of the one delayed job that stands for a credential's plan. */
export function planDeduplicationId(credential: CredentialRef): string {
  return `${credentialId(credential)}@plan`;
}

/** Deduplication id of the one immediate job of a credential; an urgent trigger is never swallowed by the planned job. */
export function immediateDeduplicationId(credential: CredentialRef): string {
  return credentialId(credential);
}

/** Deduplication id of what a person asked for: pressing twice is asking once, and no other trigger swallows it. */
export function handDeduplicationId(credential: CredentialRef, reason: "operator" | "forced" | "quota_reset"): string {
  return `${credentialId(credential)}@${reason}`;
}

/** The name of a job on `refresh`, by which people recognise it on the board. */
export function refreshJobName(accountName: string, kind: CredentialRef["kind"]): string {
  return `${accountName} · ${kind}`;
}

/** Id of a credential's job scheduler. */
export function tickSchedulerId({ account, kind }: CredentialRef): string {
  return `tick-${account}-${kind}`;
}

/** Id of the sweep's job scheduler. */
export const SWEEP_SCHEDULER_ID = "sweep";

const DAY_SECONDS = 24 * 60 * 60;

/** What BullMQ keeps as history; ages in seconds. */
export const HISTORY = {
  removeOnComplete: { age: 7 * DAY_SECONDS, count: 20_000 },
  removeOnFail: { age: 30 * DAY_SECONDS, count: 5_000 },
} as const;

/** Options of every job on `refresh`. Our failures say where they come from; a stack would only be in the way. */
export const REFRESH_JOB_OPTIONS = { stackTraceLimit: 0, ...HISTORY } as const;
