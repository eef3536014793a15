import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import type { QueueAdapterOptions } from "@bull-board/api/typings/app";
import type { Job, JobType, Queue } from "bullmq";
import type { Redis } from "ioredis";

/** BullMQ keeps delayed jobs in a sorted set; a score is the time in epoch ms times this, plus a sequence number. */
const SCORE_PER_MS = 0x1000;

/**
 * Bull Board's view of the queue `refresh`. The Delayed tab is the plan: soonest first, each job at the time at which it
 * runs. Bull Board itself shows the latest first, and the time that a job had before it was moved.
 */
export function createRefreshAdapter(queue: Queue, redis: Redis, options: Partial<QueueAdapterOptions>): BullMQAdapter {
  const adapter = new BullMQAdapter(queue, options);
  adapter.getJobs = async (statuses, start, end) => {
    const soonestFirst = statuses.every((status) => status === "delayed");
    // Bull Board's list of states has one more, `paused`, which BullMQ 6 no longer has.
    const jobs = await queue.getJobs(statuses as JobType[], start, end, soonestFirst);
    return withRunTimes(jobs.filter(Boolean).map(retriedAnew));
  };
  adapter.getJob = async (id) => {
    const job = await queue.getJob(id);
    return job && (await withRunTimes([retriedAnew(job)]))[0];
  };
  // Bull Board calls a queue rate limited for a second after each job, however far the limit is.
  adapter.getActiveRateLimitTtl = () => Promise.resolve(0);
  return adapter;

  async function withRunTimes(jobs: Job[]): Promise<Job[]> {
    if (jobs.length === 0) return jobs;
    const scores = await redis.zmscore(queue.toKey("delayed"), ...jobs.map(({ id }) => id ?? ""));
    for (const [index, job] of jobs.entries()) {
      const score = scores[index];
      if (score) setRunTime(job, Math.floor(Number(score) / SCORE_PER_MS));
    }
    return jobs;
  }
}

/** A person's retry does not count the starts before it: BullMQ would end a job that has had its 20 before anybody looks at it. */
function retriedAnew(job: Job): Job {
  const retry = job.retry.bind(job);
  job.retry = (state, options) => retry(state, { ...options, resetAttemptsStarted: true });
  return job;
}

/** @param at epoch ms */
function setRunTime(job: Job, at: number): void {
  job.delay = Math.max(1, at - job.timestamp);
  job.opts.delay = job.delay;
}
