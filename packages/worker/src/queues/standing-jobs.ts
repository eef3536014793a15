import { planDeduplicationId } from "@tokenkeeper/core";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { guard } from "../store/run-script.ts";
import type { PlannedLook } from "./enqueue.ts";

/**
 * Finds the planned jobs that stand as they should, so that adding them again would change nothing.
 * @returns the id of each look's job; `undefined` where one must be added or moved.
 */
export type FindStandingJobs = (looks: readonly PlannedLook[]) => Promise<(string | undefined)[]>;

/** A delayed job's score is its time in ms times this, plus a counter. Source: bullmq 6.7, `getDelayedScore`. */
const SCORE_OF_A_MS = 0x1000;

/**
 * Asks Redis what BullMQ would ask it for each job that is added, but for all at once and without writing. Nothing is
 * remembered from look to look: a job that was lost, moved or removed is seen at the next. Rejects with `StorageError`.
 */
export function createFindStandingJobs(queue: Queue, redis: Redis): FindStandingJobs {
  /** Those that neither wait nor run. The lists are read once: asking for each job would search the whole list each time. */
  async function outsideTheLists(ids: readonly string[]): Promise<string[]> {
    if (ids.length === 0) return [];
    const lists = await Promise.all([
      redis.lrange(queue.toKey("wait"), 0, -1),
      redis.lrange(queue.toKey("active"), 0, -1),
      redis.zrange(queue.toKey("prioritized"), "0", "-1"),
    ]);
    const standing = new Set(lists.flat());
    return ids.filter((id) => !standing.has(id));
  }

  async function find(looks: readonly PlannedLook[]): Promise<(string | undefined)[]> {
    if (looks.length === 0) return [];
    const keys = looks.map(({ credential }) => queue.toKey(`de:${planDeduplicationId(credential.ref)}`));
    const ids = await redis.mget(keys);
    const scores = await redis.zmscore(queue.toKey("delayed"), ...ids.map((id) => id ?? ""));
    const times = scores.map((score) => (score === null ? undefined : Math.floor(Number(score) / SCORE_OF_A_MS)));
    // What is not delayed waits or runs, unless it was taken away.
    const begun = ids.flatMap((id, index) => (id !== null && times[index] === undefined ? [id] : []));
    const lost = new Set(await removeLost(queue, await outsideTheLists(begun)));
    return looks.map(({ at, delayMs }, index) => {
      const [id, time] = [ids[index] ?? undefined, times[index]];
      if (id === undefined || lost.has(id)) return undefined;
      return time === undefined || time === at || (delayMs <= 0 && time <= at) ? id : undefined;
    });
  }

  return (looks) => guard(() => find(looks));
}

/**
 * Removes what is left of jobs that stand in no list any more (their entry was deleted, or lost): as long as its hash is
 * there BullMQ takes every new job for a duplicate of it, and the credential would never have a job again.
 * @returns the ids of those that were lost.
 */
export async function removeLost(queue: Queue, ids: readonly string[]): Promise<string[]> {
  const states = await Promise.all(ids.map((id) => queue.getJobState(id)));
  const lost = ids.filter((_, index) => states[index] === "unknown");
  await Promise.all(lost.map((id) => queue.remove(id)));
  return lost;
}
