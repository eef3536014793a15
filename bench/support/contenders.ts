import { closeSync, openSync, writeSync } from "node:fs";
import { devNull } from "node:os";
import { createLog, REFRESH_QUEUE } from "@tokenkeeper/core";
import { QUEUE_PREFIX, recordKey } from "@tokenkeeper/shared/contract";
import { createRuntime } from "@tokenkeeper/worker";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { Contender } from "../throughput.ts";
import { BARE_QUEUE, createBareWorker } from "./bare-worker.ts";
import { accessTokenOf, population } from "./population.ts";

/** Where both work. */
export interface Stage {
  readonly redisUrl: string;
  readonly redis: Redis;
  readonly origin: string;
}

/** Jobs at a time of both; the worker's own number. */
const CONCURRENCY = 32;

/** The worker as it is in production, its log included; only the limiter is off. */
export function ownContender({ redisUrl, redis, origin }: Stage): Contender {
  return {
    name: "Tokenkeeper",
    async prepare(count) {
      const accounts = population(count);
      const queue = new Queue(REFRESH_QUEUE, { connection: redis, prefix: QUEUE_PREFIX });
      await queue.pause();
      const sink = openSync(devNull, "w");
      const destination = { write: (line: string): void => void writeSync(sink, line) };
      const log = createLog({ name: "worker", level: "info", pretty: false, destination });
      const config = {
        accounts,
        redisUrl,
        apiOrigin: origin,
        healthHost: "127.0.0.1",
        healthPort: 0,
        timeScale: 1,
        logLevel: "info",
      };
      const runtime = createRuntime({ config: { ...config, warnings: [] }, log, fetchesPerSecond: Infinity });
      await runtime.start();
      return {
        queue,
        stored: () => redis.exists(...accounts.map((account) => recordKey(accessTokenOf(account)))),
        async [Symbol.asyncDispose]() {
          await runtime.stop();
          await queue.close();
          closeSync(sink);
        },
      };
    },
  };
}

/** The baseline. */
export function bareContender({ redisUrl, redis, origin }: Stage): Contender {
  return {
    name: "bare BullMQ worker",
    async prepare(count) {
      const ids = population(count).map(({ id }) => id);
      const queue = new Queue(BARE_QUEUE, { connection: redis });
      await queue.pause();
      await queue.addBulk(ids.map((account) => ({ name: "refresh", data: { account } })));
      const bare = createBareWorker({ redisUrl, origin, concurrency: CONCURRENCY });
      void bare.worker.run();
      await bare.worker.waitUntilReady();
      return {
        queue,
        stored: () => redis.exists(...ids.map((id) => `bare:${id}`)),
        async [Symbol.asyncDispose]() {
          await bare[Symbol.asyncDispose]();
          await queue.close();
        },
      };
    },
  };
}
