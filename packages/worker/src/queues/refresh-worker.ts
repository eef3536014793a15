import { parseRefreshJob, REFRESH_QUEUE, type Durations, type Log, reportErrors } from "@tokenkeeper/core";
import { QUEUE_PREFIX } from "@tokenkeeper/shared/contract";
import { DelayedError, UnrecoverableError, Worker, type Job } from "bullmq";
import type { Redis } from "ioredis";
import type { Credential, Credentials } from "../credentials.ts";
import type { FollowUp } from "../refresh/follow-up.ts";
import type { Refresher } from "../refresh/refresh.ts";
import type { CredentialStore } from "../store/credential-store.ts";
import { concludeJob, type JobMove, type JobResult } from "./conclude.ts";
import { BACKOFF, type Enqueue } from "./enqueue.ts";

/** What the worker of `refresh` works with. */
export interface RefreshWorkerDeps {
  readonly connection: Redis;
  readonly credentials: Credentials;
  readonly refresher: Refresher;
  readonly followUp: FollowUp;
  readonly store: CredentialStore;
  readonly enqueue: Enqueue;
  readonly durations: Durations;
  /** Fetches a second at the most, so that a cold start does not run into WeChat's limits; `Infinity`: no limit. */
  readonly fetchesPerSecond: number;
  readonly log: Log;
}

const CONCURRENCY = 32;
/** A job that waits for another worker's lease comes back several times; more means that it kills its workers. */
const MAX_STARTS = 20;

/** This attempt failed and the job comes back at `retryAt` (epoch ms, Redis time). */
class RetryLater extends Error {
  override readonly name = "RetryLater";
  readonly retryInMs: number;

  constructor(message: string, retryInMs: number) {
    super(message);
    this.retryInMs = retryInMs;
  }
}

/** Runs the jobs of `refresh`: parse, look, conclude. */
export function createRefreshWorker(deps: RefreshWorkerDeps): Worker {
  const { connection, credentials, refresher, followUp, store, enqueue, durations, fetchesPerSecond, log } = deps;

  async function run(job: Job, token: string | undefined): Promise<JobResult> {
    const data = parseRefreshJob(job.data);
    if (!data)
      throw new UnrecoverableError(
        "job data | 任务数据被改动，已忽略。 | The job's data is not ours; it was left alone.",
      );
    const credential = credentials.find(data);
    if (!credential) return drop(job, { outcome: "not configured" });

    const { outcome, byHand } = await refresher.refresh(credential, {
      reason: data.reason,
      ...(job.id !== undefined && { jobId: job.id }),
    });
    await followUp(credential, outcome);
    const move = concludeJob(outcome, {
      scope: credential.recipe.scope,
      byHand,
      keep: byHand || data.reason === "fallback",
      lastAttempt: job.attemptsMade + 1 >= (job.opts.attempts ?? 1),
    });
    if (byHand && outcome.type === "failed" && outcome.sameJob) await enqueue.immediate(credential, "operator");
    return carryOut(move, { job, token, credential, byHand });
  }

  async function carryOut(
    move: JobMove,
    {
      job,
      token,
      credential,
      byHand,
    }: { job: Job; token: string | undefined; credential: Credential; byHand: boolean },
  ): Promise<JobResult> {
    switch (move.type) {
      case "complete":
        if (byHand) await store.removeFailedJob(credential.ref, job.id ?? "");
        return move.keep ? move.result : drop(job, move.result);
      case "delay":
        // Leases end early more often than not: look again sooner than at the lease's end.
        await job.moveToDelayed(Math.min(move.until, Date.now() + durations.lease / 3) || Date.now(), token);
        throw new DelayedError();
      case "retry":
        throw new RetryLater(move.message, move.at - Date.now());
      case "fail":
        await store.addFailedJob(credential.ref, job.id ?? "");
        throw new UnrecoverableError(move.message);
    }
  }

  const worker = new Worker(REFRESH_QUEUE, run, {
    connection,
    prefix: QUEUE_PREFIX,
    concurrency: CONCURRENCY,
    autorun: false,
    lockDuration: durations.jobLock,
    stalledInterval: durations.stalledCheck,
    maxStalledCount: 2,
    maxStartedAttempts: MAX_STARTS,
    ...(Number.isFinite(fetchesPerSecond) && { limiter: { max: fetchesPerSecond, duration: 1_000 } }),
    settings: { backoffStrategy: (_made, type, error) => backoffOf(type, error, durations) },
  });
  reportErrors(worker, log);
  return worker;
}

/** Total and never throwing: BullMQ leaves a job hanging when its backoff strategy fails. */
function backoffOf(type: string | undefined, error: Error | undefined, durations: Durations): number {
  const wanted = type === BACKOFF && error instanceof RetryLater ? error.retryInMs : durations.sweep;
  return Math.max(1, Math.round(wanted));
}

/** A look that found nothing to do is no history. */
function drop(job: Job, result: JobResult): JobResult {
  job.opts.removeOnComplete = true;
  return result;
}
