import { setTimeout as sleep } from "node:timers/promises";
import type { Queue } from "bullmq";
import { bareContender, ownContender } from "./support/contenders.ts";
import type { BenchOptions } from "./support/options.ts";
import { median } from "./support/quantile.ts";
import { executedCommands, startBenchRedis } from "./support/redis.ts";
import { watchRoundTrips } from "./support/round-trips.ts";
import { formatTable } from "./support/table.ts";
import { startWechatStub, type WechatStub } from "./support/wechat-stub.ts";

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

interface Sample {
  readonly perSecond: number;
  readonly cpuMs: number;
  readonly callsEach: number;
}

const RUNS = 5;
const COUNTED = 500;

/** Refreshes a second when everything is due at once, against a bare BullMQ worker. */
export async function throughput({ redisServer, quick }: BenchOptions): Promise<string> {
  const due = quick ? 2_000 : 10_000;
  await using server = await startBenchRedis(redisServer);
  await using wechat = await startWechatStub();
  const trips = watchRoundTrips(server.port);
  const { redis } = server;
  const stage = { redisUrl: server.url, redis, origin: wechat.origins[0] ?? "" };
  const contenders = [ownContender(stage), bareContender(stage)];

  const samples = new Map<Contender, Sample[]>(contenders.map((contender) => [contender, []]));
  for (let run = -1; run < RUNS; run += 1) {
    // The first round warms up and does not count; then each goes first in turn.
    for (const contender of run % 2 === 0 ? contenders : contenders.toReversed()) {
      await redis.flushall();
      const sample = await drain(contender, { count: due, wechat });
      if (run >= 0) samples.get(contender)?.push(sample);
    }
  }

  const [own, bare] = contenders.map((contender) => samples.get(contender) ?? []);
  const pairs = (own ?? []).map(({ perSecond }, index) => perSecond / (bare?.[index]?.perSecond ?? Number.NaN));
  const rows: string[][] = [];
  for (const contender of contenders) {
    await redis.flushall();
    const runs = samples.get(contender) ?? [];
    const before = { executed: await executedCommands(redis), trips: trips.count() };
    await drain(contender, { count: COUNTED, wechat });
    const executed = (await executedCommands(redis)) - before.executed;
    const speed = contender === contenders[0] ? median(pairs) : 1;
    rows.push([
      contender.name,
      median(runs.map(({ perSecond }) => perSecond)).toFixed(0),
      `${(speed * 100).toFixed(0)} %`,
      median(runs.map(({ cpuMs }) => cpuMs)).toFixed(2),
      ((trips.count() - before.trips) / COUNTED).toFixed(2),
      (executed / COUNTED).toFixed(1),
      median(runs.map(({ callsEach }) => callsEach)).toFixed(3),
    ]);
  }
  const head = [
    "",
    "per second",
    "ratio",
    "CPU ms each",
    "Redis round trips each",
    "Redis commands each, in scripts too",
  ];
  const spread = pairs.map((ratio) => `${(ratio * 100).toFixed(0)} %`).join(", ");
  return [
    `Refreshes per second at ${due} due credentials, limiter off, median of ${RUNS} alternated runs`,
    formatTable([...head, "WeChat calls each"], rows),
    `Ratio of each pair: ${spread}`,
  ].join("\n\n");
}

/** Lets a contender work until nothing is left, and makes sure that it did. */
async function drain(contender: Contender, { count, wechat }: { count: number; wechat: WechatStub }): Promise<Sample> {
  await using prepared = await contender.prepare(count);
  const { queue } = prepared;
  const callsBefore = await wechat.calls();
  const cpu = process.cpuUsage();
  const from = performance.now();
  await queue.resume();
  while ((await queue.getJobCountByTypes("wait", "active")) > 0) await sleep(20);
  const tookMs = performance.now() - from;
  const { user, system } = process.cpuUsage(cpu);
  const stored = await prepared.stored();
  if (stored !== count) throw new Error(`${contender.name} stored ${stored} of ${count} values`);
  return {
    perSecond: (count / tookMs) * 1_000,
    cpuMs: (user + system) / 1_000 / count,
    callsEach: ((await wechat.calls()) - callsBefore) / count,
  };
}
