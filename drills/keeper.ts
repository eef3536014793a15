import { createLog, connectRedis, REFRESH_QUEUE, SCHEDULE_QUEUE, type AccountEntry } from "@tokenkeeper/core";
import { createActions, createData, readFleet, rowOf, type Actions, type Fleet, type Row } from "@tokenkeeper/ops";
import { QUEUE_PREFIX } from "@tokenkeeper/shared/contract";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { ensure } from "./drill.ts";

/** What came of a job. */
export type JobEnd =
  | { readonly type: "completed"; readonly result: unknown }
  | { readonly type: "failed"; readonly reason: string };

/** The running system as people on call see it through one Redis: the same as the page and the command line do. */
export interface Keeper extends AsyncDisposable {
  readonly redis: Redis;
  readonly actions: Actions;
  accounts(): Promise<AccountEntry[]>;
  rows(): Promise<Row[]>;
  /** The row of an account's access token. */
  rowOf(account: string): Promise<Row>;
  fleet(): Promise<Fleet>;
  /** @throws an error while it has not ended. */
  endOf(jobId: string): Promise<JobEnd>;
}

/** Connects. */
export function createKeeper(redisUrl: string): Keeper {
  const log = createLog({ name: "drill", level: "silent", pretty: false });
  const redis = connectRedis(redisUrl, { name: "tokenkeeper-drill", log, use: "command" });
  const open = (name: string): Queue => {
    const queue = new Queue(name, { connection: redis, prefix: QUEUE_PREFIX });
    queue.on("error", () => undefined);
    return queue;
  };
  const [refresh, schedule] = [open(REFRESH_QUEUE), open(SCHEDULE_QUEUE)];
  const data = createData(redis);
  const rows = async (): Promise<Row[]> => (await data.facts(await data.accounts())).map((facts) => rowOf(facts));

  return {
    redis,
    actions: createActions({ redis, queue: refresh, now: () => Date.now() }),
    accounts: () => data.accounts(),
    rows,
    async rowOf(account) {
      const row = (await rows()).find((each) => each.account === account && each.kind === "access_token");
      ensure(row !== undefined, "the account is not known");
      return row;
    },
    fleet: async () => readFleet({ redis, refresh, schedule }, await rows()),
    async endOf(jobId) {
      const job = await refresh.getJob(jobId);
      ensure(job !== undefined, `job ${jobId} is not there`);
      if (await job.isCompleted()) return { type: "completed", result: job.returnvalue };
      ensure(await job.isFailed(), `job ${jobId} has not ended`);
      return { type: "failed", reason: job.failedReason };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([refresh.close(), schedule.close()]);
      redis.disconnect();
    },
  };
}
