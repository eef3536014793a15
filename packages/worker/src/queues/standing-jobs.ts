import { planDeduplicationId } from "@tokenkeeper/core";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { createScriptRunner, guard } from "../store/run-script.ts";
import { FORGET_JOB } from "../store/job-scripts.ts";
import type { PlannedLook } from "./enqueue.ts";

/** What BullMQ's deduplication names: as long as it names a job, no other one of that credential is added. */
export interface NamedJob {
  readonly id: string;
  /** Its deduplication id. */
  readonly deduplication: string;
}

/** Knows which jobs stand in BullMQ's lists. Everything rejects with `StorageError`. */
export interface StandingJobs {
  /**
   * Finds the planned jobs that stand as they should, so that adding them again would change nothing.
   * @returns the id of each look's job; `undefined` where one must be added or moved.
   */
  findPlanned(looks: readonly PlannedLook[]): Promise<(string | undefined)[]>;
  /**
   * Forgets the job if it is in no list any more, or has ended, and is named all the same: its entry or its text was deleted, or
   * lost. The credential would never have a job again.
   * @returns whether it was so.
   */
  forgetStale(job: NamedJob): Promise<boolean>;
}

/** A delayed job's score is its time in ms times this, plus a counter. Source: bullmq 6.7, `getDelayedScore`. */
const SCORE_OF_A_MS = 0x1000;

/** States of a job that no worker will look at again. */
const OVER = ["unknown", "completed", "failed"];

/**
 * Asks Redis what BullMQ would ask it for each job that is added, but for all at once and without writing. Nothing is
 * remembered from look to look: a job that was lost, moved or removed is seen at the next.
 * @param onLost told how many planned jobs were found lost.
 */
export function createStandingJobs(
  queue: Queue,
  redis: Redis,
  onLost: (jobs: number) => void = () => {},
): StandingJobs {
  const scripts = createScriptRunner(redis);
  const keyOf = (deduplication: string): string => queue.toKey(`de:${deduplication}`);

  /** @returns for each whether it was named. */
  async function forget(jobs: readonly NamedJob[]): Promise<boolean[]> {
    if (jobs.length === 0) return [];
    const calls = jobs.map(({ id, deduplication }) => ({
      keys: [queue.toKey(id), queue.toKey("delayed"), keyOf(deduplication)],
      args: [id],
    }));
    return (await scripts.runEach(FORGET_JOB, calls)).map((reply) => reply === 1);
  }

  /** Those whose text is gone, wherever their entries stand. */
  async function withoutText(jobs: readonly NamedJob[]): Promise<NamedJob[]> {
    const pipeline = redis.pipeline();
    for (const { id } of jobs) pipeline.exists(queue.toKey(id));
    const there = (await pipeline.exec()) ?? [];
    return jobs.filter((_, index) => there[index]?.[1] === 0);
  }

  /** Those that neither wait nor run. The lists are read once: asking for each job would search the whole list each time. */
  async function outsideTheLists(jobs: readonly NamedJob[]): Promise<NamedJob[]> {
    if (jobs.length === 0) return [];
    const lists = await Promise.all([
      redis.lrange(queue.toKey("wait"), 0, -1),
      redis.lrange(queue.toKey("active"), 0, -1),
      redis.zrange(queue.toKey("prioritized"), "0", "-1"),
    ]);
    const standing = new Set(lists.flat());
    return jobs.filter(({ id }) => !standing.has(id));
  }

  async function over(jobs: readonly NamedJob[]): Promise<NamedJob[]> {
    const states = await Promise.all(jobs.map(({ id }) => queue.getJobState(id)));
    return jobs.filter((_, index) => OVER.includes(states[index] ?? ""));
  }

  /** What stands in no list is of no use to anybody; what has ended stays in the history. */
  async function removeLost(jobs: readonly NamedJob[]): Promise<void> {
    const states = await Promise.all(jobs.map(({ id }) => queue.getJobState(id)));
    await Promise.all(jobs.flatMap(({ id }, index) => (states[index] === "unknown" ? [queue.remove(id)] : [])));
  }

  async function findPlanned(looks: readonly PlannedLook[]): Promise<(string | undefined)[]> {
    if (looks.length === 0) return [];
    const names = looks.map(({ credential }) => planDeduplicationId(credential.ref));
    const ids = await redis.mget(names.map(keyOf));
    const scores = await redis.zmscore(queue.toKey("delayed"), ...ids.map((id) => id ?? ""));
    const times = scores.map((score) => (score === null ? undefined : Math.floor(Number(score) / SCORE_OF_A_MS)));
    const named = ids.map((id, index) => (id === null ? undefined : { id, deduplication: names[index] ?? "" }));
    const all = named.filter((job) => job !== undefined);
    // What is not delayed waits or runs, unless it was taken away.
    const begun = named.filter((job, index) => job !== undefined && times[index] === undefined) as NamedJob[];
    const stale = [...(await withoutText(all)), ...(await over(await outsideTheLists(begun)))];
    await forget(stale);
    await removeLost(stale);
    if (stale.length > 0) onLost(stale.length);
    const gone = new Set(stale.map(({ id }) => id));
    return looks.map(({ at, delayMs }, index) => {
      const [id, time] = [ids[index] ?? undefined, times[index]];
      if (id === undefined || gone.has(id)) return undefined;
      return time === undefined || time === at || (delayMs <= 0 && time <= at) ? id : undefined;
    });
  }

  return {
    findPlanned: (looks) => guard(() => findPlanned(looks)),
    forgetStale: (job) =>
      guard(async () => {
        const [stale] = await over([job]);
        if (!stale) return false;
        // A job that has just ended as it should is named no longer.
        const [named = false] = await forget([stale]);
        await removeLost([stale]);
        return named;
      }),
  };
}
