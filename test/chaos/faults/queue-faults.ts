// What people and bugs do to the queues.
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../support/eventually.ts";
import { QUEUE_PREFIX } from "@tokenkeeper/shared/contract";
import type { Fault } from "./fault.ts";

export const QUEUE_FAULTS: readonly Fault[] = [
  {
    kind: "delayed jobs removed from the queues",
    lane: "work",
    async inject({ redis, ...arena }) {
      await arena.writable();
      const removed = await Promise.all(
        ["refresh", "schedule"].map((queue) => redis.redis.zremrangebyrank(`${QUEUE_PREFIX}:${queue}:delayed`, 0, -1)),
      );
      return { took: removed.every((count) => count > 0), detail: `${removed.join(" and ")} jobs` };
    },
  },
  {
    kind: "hashes of jobs deleted",
    lane: "work",
    async inject({ redis, ...arena }) {
      await arena.writable();
      let deleted = 0;
      for (const queue of ["refresh", "schedule"]) {
        const ids = await redis.redis.zrange(`${QUEUE_PREFIX}:${queue}:delayed`, "0", "-1");
        for (const id of ids) deleted += await redis.redis.del(`${QUEUE_PREFIX}:${queue}:${id}`);
      }
      return { took: deleted > 0, detail: `${deleted} jobs` };
    },
  },
  {
    kind: "queues paused",
    lane: "work",
    async inject(arena, random) {
      const { refreshQueue, scheduleQueue, credentials } = arena;
      const queues = [refreshQueue, scheduleQueue];
      await arena.writable();
      await Promise.allSettled(queues.map((queue) => queue.pause()));
      await arena.makeDue(random.pick(credentials.filter(({ account }) => account.healthy)));
      await sleep(3_000);
      const paused = await Promise.all(queues.map((queue) => queue.isPaused()));
      const resumeAll = (): Promise<void[]> => Promise.all(queues.map((queue) => queue.resume()));
      await eventually(resumeAll, { what: "the queues to be resumed" });
      return { took: paused.every(Boolean), detail: "both for 3 s" };
    },
  },
  {
    kind: "queues obliterated",
    lane: "work",
    async inject(arena) {
      const { refreshQueue, scheduleQueue } = arena;
      await arena.writable();
      await arena.keepDump();
      const before = await scheduleQueue.getJobSchedulersCount();
      await refreshQueue.obliterate({ force: true });
      await scheduleQueue.obliterate({ force: true });
      return { took: before > 0, detail: `${before} schedulers` };
    },
  },
];
