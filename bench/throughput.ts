import { setTimeout as sleep } from "node:timers/promises";
import type { Queue } from "bullmq";
import { bareContender, ownContender, type Stage } from "./support/contenders.ts";
import type { BenchOptions } from "./support/options.ts";
import { median } from "./support/quantile.ts";
import { redisWork, startBenchRedis } from "./support/redis.ts";
import { watchRoundTrips } from "./support/round-trips.ts";
import { formatTable } from "./support/table.ts";
import { startWechatStub } from "./support/wechat-stub.ts";

/** Something that works through due credentials. */
export interface Contender {
  readonly name: string;
  /** Puts a job for each credential on the paused queue, and starts the worker. */
  prepare(count: number): Promise<Prepared>;
}

/** A worker in front of a paused queue. */
export interface Prepared extends AsyncDisposable {
  readonly queue: Queue;
  /** How many credentials have their value. */
  stored(): Promise<number>;
}

/** One run; all but the first for one credential. */
interface Sample {
  readonly perSecond: number;
  readonly workerCpuMs: number;
  readonly redisCpuMs: number;
  readonly roundTrips: number;
  readonly commands: number;
  readonly calls: number;
}

const RUNS = 5;

/** Refreshes a second when everything is due at once, against a bare BullMQ worker. */
export async function throughput({ redisServer, quick }: BenchOptions): Promise<string> {
  const due = quick ? 2_000 : 10_000;
  await using server = await startBenchRedis(redisServer);
  await using wechat = await startWechatStub();
  const trips = watchRoundTrips(server.port);
  const { redis } = server;
  const stage: Stage = { redisUrl: server.url, redis, origin: wechat.origins[0] ?? "" };

  async function drain(contender: Contender): Promise<Sample> {
    await redis.flushall();
    await using prepared = await contender.prepare(due);
    const { queue } = prepared;
    const before = { work: await redisWork(redis), trips: trips.count(), calls: await wechat.calls() };
    const cpu = process.cpuUsage();
    const from = performance.now();
    await queue.resume();
    while ((await queue.getJobCountByTypes("wait", "active")) > 0) await sleep(20);
    const tookMs = performance.now() - from;
    const { user, system } = process.cpuUsage(cpu);
    const work = await redisWork(redis);
    const stored = await prepared.stored();
    if (stored !== due) throw new Error(`${contender.name} stored ${stored} of ${due} values`);
    return {
      perSecond: (due / tookMs) * 1_000,
      workerCpuMs: (user + system) / 1_000 / due,
      redisCpuMs: (work.cpuMs - before.work.cpuMs) / due,
      roundTrips: (trips.count() - before.trips) / due,
      commands: (work.commands - before.work.commands) / due,
      calls: ((await wechat.calls()) - before.calls) / due,
    };
  }

  const [own, bare] = [ownContender(stage), bareContender(stage)];
  const [owns, bares]: [Sample[], Sample[]] = [[], []];
  // The first round warms up and does not count; then each goes first in turn.
  for (let run = 0; run <= RUNS; run += 1) {
    for (const contender of run % 2 === 0 ? [own, bare] : [bare, own]) {
      const sample = await drain(contender);
      if (run > 0) (contender === own ? owns : bares).push(sample);
    }
  }

  const ratios = owns.map(({ perSecond }, run) => (perSecond / (bares[run]?.perSecond ?? Number.NaN)) * 100);
  return [
    `Refreshes per second at ${due} due credentials, limiter off, median of ${RUNS} alternated runs`,
    formatTable(HEAD, [rowOf(own.name, owns, median(ratios)), rowOf(bare.name, bares, 100)]),
    `Ratio in each pair of runs: ${ratios.map((ratio) => `${ratio.toFixed(0)} %`).join(", ")}`,
  ].join("\n\n");
}

const HEAD = [
  "each refresh",
  "per second",
  "ratio",
  "worker CPU ms",
  "Redis CPU ms",
  "Redis round trips",
  "Redis commands, in scripts too",
  "WeChat calls",
];

function rowOf(name: string, samples: readonly Sample[], ratio: number): string[] {
  const of = (field: keyof Sample, digits: number): string =>
    median(samples.map((sample) => sample[field])).toFixed(digits);
  return [
    name,
    of("perSecond", 0),
    `${ratio.toFixed(0)} %`,
    of("workerCpuMs", 2),
    of("redisCpuMs", 2),
    of("roundTrips", 2),
    of("commands", 1),
    of("calls", 3),
  ];
}
