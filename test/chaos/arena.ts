// Everything that runs during the chaos: Redis, WeChat, workers, readers, and the ways to hurt them.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REFRESH_QUEUE, SCHEDULE_QUEUE } from "@tokenkeeper/core";
import { controlKey, QUEUE_PREFIX, REPORTS_KEY } from "@tokenkeeper/shared/contract";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { eventually } from "../support/eventually.ts";
import { createFaultProxy, type FaultProxy } from "./fault-proxy.ts";
import { startFleet, type Fleet } from "./fleet.ts";
import { createPopulation, credentialsOf, SCALE, type ChaosAccount, type ChaosCredential } from "./population.ts";
import { startProgram, type Program } from "./program.ts";
import type { Random } from "./random.ts";
import type { ReaderSettings } from "./reader-log.ts";
import { dumpKeys } from "./redis-dump.ts";
import { startRedisChild, type RedisChild } from "./redis-child.ts";
import { createUnscathed, type Unscathed } from "./unscathed.ts";
import { startWechat, type WechatProcess } from "./wechat-process.ts";

/** The things of a run. */
export interface Arena extends AsyncDisposable {
  readonly accounts: readonly ChaosAccount[];
  /** WeChat knows it, the configuration does not. */
  readonly spare: ChaosAccount;
  /** Every AppSecret that was ever in force. */
  readonly secrets: string[];
  readonly credentials: readonly ChaosCredential[];
  readonly unscathed: Unscathed;
  readonly redis: RedisChild;
  /** Between Redis and everybody but the runner. */
  readonly line: FaultProxy;
  readonly wechat: WechatProcess;
  readonly fleet: Fleet;
  readonly refreshQueue: Queue;
  readonly scheduleQueue: Queue;
  /** What keys held just before they were wiped. */
  readonly dumps: string[];
  /** Refreshes that the runner made due. */
  readonly forced: { readonly at: number; readonly credential: string }[];
  /** Waits until Redis takes writes: the fault of the other lane may keep it from them. */
  writable(): Promise<void>;
  /** Makes a credential due now, as soon as Redis takes it. */
  makeDue(credential: ChaosCredential): Promise<void>;
  /** Keeps what stands in Redis outside the records, to be searched for secrets. */
  keepDump(): Promise<void>;
  startReaders(count: number, callsPerSecond: number): readonly Program[];
}

/** What an arena is made of. */
export interface ArenaOptions {
  /** Path of a redis-server. */
  readonly redisServer: string;
  readonly random: Random;
  /** Of the workers' clocks, s. */
  readonly skews: readonly number[];
  /** Path of libfaketime; without it all clocks are right. */
  readonly faketime: string | undefined;
}

const READER = join(import.meta.dirname, "reader.ts");
/** Everybody's way to Redis is a little slow all the time. */
export const BASE_LATENCY = { latency: { ms: 0, jitter: 4 } } as const;

/** Starts all but the readers. */
export async function startArena({ redisServer, random, skews, faketime }: ArenaOptions): Promise<Arena> {
  await using starting = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "tokenkeeper-chaos-"));
  starting.defer(() => rm(folder, { recursive: true, force: true }));
  const { accounts, spare } = createPopulation();
  const credentials = credentialsOf(accounts);
  const redis = starting.use(await startRedisChild(redisServer));
  const line = starting.use(await createFaultProxy({ targetPort: redis.port, random: random.fork() }));
  line.set(BASE_LATENCY);
  const wechat = starting.use(await startWechat([...accounts, spare]));
  const redisUrl = `redis://:${redis.password}@127.0.0.1:${line.port}`;
  const fleet = starting.use(
    await startFleet({ accounts, folder, redisUrl, wechatPort: wechat.port, skews, faketime, random: random.fork() }),
  );
  const connection = new Redis(redis.port, "127.0.0.1", { password: redis.password, maxRetriesPerRequest: null });
  connection.on("error", () => undefined);
  starting.defer(() => connection.disconnect());
  const queueOf = (name: string): Queue => {
    const queue = new Queue(name, { connection, prefix: QUEUE_PREFIX });
    queue.on("error", () => undefined);
    starting.defer(() => queue.close());
    return queue;
  };
  const [refreshQueue, scheduleQueue] = [queueOf(REFRESH_QUEUE), queueOf(SCHEDULE_QUEUE)];
  const dumps: string[] = [];
  const forced: { at: number; credential: string }[] = [];
  const readers: Program[] = [];
  starting.defer(async () => {
    for (const reader of readers) reader.signal("SIGTERM");
    await Promise.all(readers.map(({ ended }) => ended));
  });
  const running = starting.move();

  return {
    accounts,
    spare,
    secrets: [...accounts, spare].map(({ secret }) => secret),
    credentials,
    unscathed: createUnscathed({ credentials, redis: redis.redis, wechat }),
    redis,
    line,
    wechat,
    fleet,
    refreshQueue,
    scheduleQueue,
    dumps,
    forced,
    async writable() {
      await eventually(() => redis.redis.set("chaos:probe", "1"), { what: "a Redis that takes writes" });
    },
    async makeDue({ id, account, kind }) {
      const key = controlKey({ account: account.appId, kind });
      // A demand, as an app makes it, saves waiting for the sweep.
      const demand = ["account", account.appId, "kind", kind];
      const ask = (): Promise<unknown> =>
        redis.redis
          .hset(key, "plan_at", 1)
          .then(() => redis.redis.xadd(REPORTS_KEY, "MAXLEN", "~", 10_000, "*", ...demand));
      await eventually(ask, { what: "a Redis that takes writes" });
      forced.push({ at: Date.now(), credential: id });
    },
    async keepDump() {
      dumps.push(await dumpKeys(redis.redis));
    },
    startReaders(count, callsPerSecond) {
      for (let index = 0; index < count; index += 1) {
        const called = [...accounts, ...accounts.filter(({ healthy }) => healthy)];
        const settings: ReaderSettings = {
          redisUrl,
          wechatUrl: `http://127.0.0.1:${wechat.port}`,
          scale: SCALE,
          // Half of the apps ask by name, half by appid.
          accounts: random.shuffled(called).map(({ name, appId }) => (index % 2 === 0 ? name : appId)),
          callsPerSecond,
          mostAtOnce: 200,
        };
        readers.push(startProgram({ file: READER, env: { CHAOS_READER: JSON.stringify(settings) } }));
      }
      return readers;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
