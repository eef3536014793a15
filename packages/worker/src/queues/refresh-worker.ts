import {
  parseRefreshJob,
  REFRESH_QUEUE,
  reportErrors,
  type Durations,
  type Log,
  type TriggerReason,
} from "@tokenkeeper/core";
import { credentialId, QUEUE_PREFIX, type CredentialRef } from "@tokenkeeper/shared/contract";
import { DelayedError, UnrecoverableError, Worker, type Job } from "bullmq";
import type { Redis } from "ioredis";
import type { Credential, Credentials } from "../credentials.ts";
import type { FollowUp } from "../refresh/follow-up.ts";
import type { ResetQuota } from "../refresh/quota-reset.ts";
import type { Refresher } from "../refresh/refresh.ts";
import { forgetFailedJob, rememberFailedJob } from "../refresh/rerun.ts";
import type { Registry } from "../store/registry.ts";
import type { CredentialStore } from "../store/credential-store.ts";
import { concludeReset } from "./conclude-reset.ts";
import { concludeJob, type JobMove, type JobResult } from "./conclude.ts";
import { BACKOFF } from "./enqueue.ts";
import type { Planner } from "./planner.ts";

/** What the worker of `refresh` works with. */
export interface RefreshWorkerDeps {
  readonly connection: Redis;
  readonly credentials: Credentials;
  readonly refresher: Refresher;
  readonly resetQuota: ResetQuota;
  readonly followUp: FollowUp;
  readonly store: CredentialStore;
  readonly planner: Planner;
  readonly registry: Registry;
  readonly durations: Durations;
  /** Fetches a second at the most, so that a cold start does not run into WeChat's limits; `Infinity`: no limit. */
  readonly fetchesPerSecond: number;
  readonly log: Log;
}

const CONCURRENCY = 32;
/** A job that waits for another worker's lease comes back several times; more means that it kills its workers. */
const MAX_STARTS = 20;

/** What a person asked for, or what is history already, is kept whatever it came to. */
const KEPT: readonly TriggerReason[] = ["fallback", "forced", "operator"];

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
  const {
    connection,
    credentials,
    refresher,
    resetQuota,
    followUp,
    store,
    planner,
    registry,
    durations,
    fetchesPerSecond,
    log,
  } = deps;

  async function run(job: Job, token: string | undefined): Promise<JobResult> {
    const data = parseRefreshJob(job.data);
    if (!data)
      throw new UnrecoverableError(
        "job data | 任务数据被改动，已忽略。 | The job's data is not ours; it was left alone.",
      );
    const credential = credentials.find(data);
    if (!credential) return leaveToOthers(data, { job, token });

    if (data.reason === "quota_reset") {
      const move = concludeReset(await resetQuota(credential, job.id ?? ""));
      if (move.type === "fail") throw new UnrecoverableError(move.message);
      return move.result;
    }
    const { outcome, byHand, isRerun, now } = await refresher.refresh(credential, {
      reason: data.reason,
      ...(job.id !== undefined && { jobId: job.id }),
    });
    // What was fetched is committed: a follow-up that fails must not make this job another one. Children have their own plan.
    await followUp(credential, outcome).catch((err: unknown) =>
      log.warn({ credential: credential.id, err }, "follow_up.failed"),
    );
    const move = concludeJob(outcome, {
      scope: credential.recipe.scope,
      byHand,
      keep: isRerun || KEPT.includes(data.reason),
      lastAttempt: job.attemptsMade + 1 >= (job.opts.attempts ?? 1) || job.attemptsStarted >= MAX_STARTS,
    });
    if (byHand && outcome.type === "failed" && outcome.sameJob) await planner.plan([credential]);
    return carryOut(move, { job, token, credential, isRerun, now });
  }

  /** While a new account is rolled out only some workers know it: its jobs wait for one of them. */
  async function leaveToOthers(
    ref: CredentialRef,
    { job, token }: { job: Job; token: string | undefined },
  ): Promise<JobResult> {
    const [nobodys] = await registry.unclaimed([credentialId(ref)]);
    if (nobodys !== undefined) return drop(job, { outcome: "not configured" });
    await job.moveToDelayed(Date.now() + Math.round(durations.demandWait / 20), token);
    throw new DelayedError();
  }

  async function carryOut(
    move: JobMove,
    {
      job,
      token,
      credential,
      isRerun,
      now,
    }: { job: Job; token: string | undefined; credential: Credential; isRerun: boolean; now: number },
  ): Promise<JobResult> {
    switch (move.type) {
      case "complete":
        if (isRerun) await forgetFailedJob(store, credential.ref, job.id ?? "");
        return move.keep ? move.result : drop(job, move.result);
      case "delay":
        await job.moveToDelayed(Date.now() + delayOf(move, now), token);
        throw new DelayedError();
      case "retry":
        throw new RetryLater(move.message, move.at - now);
      case "fail":
        await rememberFailedJob(store, credential.ref, job.id ?? "");
        throw new UnrecoverableError(move.message);
    }
  }

  /** Leases end early more often than not: look again sooner than at the lease's end. */
  function delayOf({ until, soon }: { until: number; soon: boolean }, now: number): number {
    const wait = Math.max(1, until - now);
    return Math.round(soon ? Math.min(wait, durations.lease / 3) : wait);
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
