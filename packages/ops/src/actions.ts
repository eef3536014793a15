import { handDeduplicationId, REFRESH_JOB_OPTIONS, refreshJobName, type AccountEntry } from "@tokenkeeper/core";
import { controlKey, pauseKey, type CredentialRef } from "@tokenkeeper/shared/contract";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { answered } from "./data.ts";
import { FAILED_JOBS_KEPT } from "./failed-jobs.ts";

/** How many failed jobs were re-run, and how many were not failed any more. */
export interface Rerun {
  readonly rerun: number;
  readonly skipped: number;
}

/** What people may do, whatever they look through. None of it talks to WeChat: jobs and notes are left for the workers. */
export interface Actions {
  /** One look at once that passes what waits for a person. @returns the job's id */
  refresh(entry: AccountEntry, kind: CredentialRef["kind"]): Promise<string>;
  /** Another value although the stored one is fresh. @returns the job's id */
  force(entry: AccountEntry, kind: CredentialRef["kind"]): Promise<string>;
  /**
   * Re-runs the failed jobs of these credentials.
   * @param progress is told how many of how many were looked at.
   */
  rerun(credentials: readonly CredentialRef[], progress?: (done: number, all: number) => void): Promise<Rerun>;
  /** Re-runs one failed job. @returns whether it was failed */
  rerunJob(id: string): Promise<boolean>;
  /** As `rerun`, of these jobs. One that its credential no longer lists as failed is an ordinary look. */
  rerunJobs(ids: readonly string[], progress?: (done: number, all: number) => void): Promise<Rerun>;
  /** WeChat sets the account's daily counters back; a worker, which has the secret, asks it to. @returns the job's id */
  resetQuota(entry: AccountEntry): Promise<string>;
  /** Nothing of the account is fetched until it is resumed. */
  pause(account: string, by: string): Promise<void>;
  resume(account: string): Promise<void>;
}

/** What actions are done with. */
export interface ActionsDeps {
  readonly redis: Redis;
  /** The queue `refresh`. */
  readonly queue: Queue;
  /** Epoch ms. */
  readonly now: () => number;
}

type HandReason = Parameters<typeof handDeduplicationId>[1];

const AT_ONCE = 50;
/** The worker marks a failed job so when another one of the credential was re-run with it. */
const SPENT = /!$/;

/** All of it rejects with UnavailableError while Redis does not answer. */
export function createActions({ redis, queue, now }: ActionsDeps): Actions {
  async function ask(entry: AccountEntry, kind: CredentialRef["kind"], reason: HandReason): Promise<string> {
    const ref = { account: entry.id, kind };
    const job = await queue.add(
      refreshJobName(entry.name, kind),
      { ...ref, reason },
      { ...REFRESH_JOB_OPTIONS, attempts: 1, deduplication: { id: handDeduplicationId(ref, reason) } },
    );
    return job.id ?? "";
  }

  /** Ids of the failed jobs that the workers know of these credentials and that are failed still. */
  async function failedJobsOf(credentials: readonly CredentialRef[]): Promise<string[]> {
    const failed = new Set(await redis.zrevrange(queue.toKey("failed"), 0, FAILED_JOBS_KEPT - 1));
    const pipeline = redis.pipeline();
    for (const ref of credentials) pipeline.hget(controlKey(ref), "failed_jobs");
    const lists = ((await pipeline.exec()) ?? []).map(([, list]) => (typeof list === "string" ? list.split(",") : []));
    return [...new Set(lists.flat().map((id) => id.replace(SPENT, "")))].filter((id) => failed.has(id));
  }

  async function retry(id: string): Promise<boolean> {
    const job = await queue.getJob(id);
    // Somebody else may have re-run it a moment ago.
    return (
      // Else BullMQ ends one that was started often before anybody looks at it.
      job?.retry("failed", { resetAttemptsStarted: true }).then(
        () => true,
        () => false,
      ) ?? false
    );
  }

  async function retryAll(ids: readonly string[], progress?: (done: number, all: number) => void): Promise<Rerun> {
    let rerun = 0;
    for (let start = 0; start < ids.length; start += AT_ONCE) {
      const done = await Promise.all(ids.slice(start, start + AT_ONCE).map((id) => retry(id)));
      rerun += done.filter(Boolean).length;
      progress?.(Math.min(start + AT_ONCE, ids.length), ids.length);
    }
    return { rerun, skipped: ids.length - rerun };
  }

  return {
    refresh: (entry, kind) => answered(() => ask(entry, kind, "operator")),
    force: (entry, kind) => answered(() => ask(entry, kind, "forced")),
    resetQuota: (entry) => answered(() => ask(entry, "access_token", "quota_reset")),
    rerunJob: (id) => answered(() => retry(id)),
    rerunJobs: (ids, progress) => answered(() => retryAll(ids, progress)),
    rerun: (credentials, progress) => answered(async () => retryAll(await failedJobsOf(credentials), progress)),
    pause: (account, by) =>
      answered(async () => {
        await redis.set(pauseKey(account), JSON.stringify({ by, at: now() }));
      }),
    resume: (account) =>
      answered(async () => {
        await redis.del(pauseKey(account));
      }),
  };
}
