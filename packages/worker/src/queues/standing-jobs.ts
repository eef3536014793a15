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
  async function find(looks: readonly PlannedLook[]): Promise<(string | undefined)[]> {
    if (looks.length === 0) return [];
    const keys = looks.map(({ credential }) => queue.toKey(`de:${planDeduplicationId(credential.ref)}`));
    const ids = await redis.mget(keys);
    const scores = await redis.zmscore(queue.toKey("delayed"), ...ids.map((id) => id ?? ""));
    const times = scores.map((score) => (score === null ? undefined : Math.floor(Number(score) / SCORE_OF_A_MS)));
    // What is not delayed waits or runs, unless it was taken away: then each is added again.
    const begun = ids.filter((id, index) => id !== null && times[index] === undefined);
    const present =
      begun.length === 0 || (await redis.exists(begun.map((id) => queue.toKey(id ?? "")))) === begun.length;
    return looks.map(({ at, delayMs }, index) => {
      const time = times[index];
      const stands = time === undefined ? present : time === at || (delayMs <= 0 && time <= at);
      return stands ? (ids[index] ?? undefined) : undefined;
    });
  }

  return (looks) => guard(() => find(looks));
}
