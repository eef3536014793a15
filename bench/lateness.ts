import { setTimeout as sleep } from "node:timers/promises";
import type { Account } from "@tokenkeeper/core";
import { controlKey } from "@tokenkeeper/shared/contract";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { BARE_QUEUE, createBareWorker } from "./support/bare-worker.ts";
import type { BenchOptions } from "./support/options.ts";
import { accessTokenOf, population, seedFresh } from "./support/population.ts";
import { quantile } from "./support/quantile.ts";
import { startBenchRedis } from "./support/redis.ts";
import { formatTable } from "./support/table.ts";
import { startWechatStub } from "./support/wechat-stub.ts";
import { startWorker, writeConfig } from "./support/worker-process.ts";

const WECHAT_MS = 100;
const WORKERS = 2;
/** Time for the workers to start and plan before the first is due, ms. */
const LEAD_MS = 30_000;
/** How long after the last due is waited, ms. */
const PATIENCE_MS = 15_000;
/** One bare job for so many credentials: enough to compare, too few to be in the way. */
const BARE_SHARE = 10;

/** How late a commit is after its plan, beyond WeChat's own delay, beside bare delayed jobs in the same Redis. */
export async function lateness({ redisServer, quick }: BenchOptions): Promise<string> {
  const windowMs = quick ? 60_000 : 600_000;
  const accounts = population(quick ? 1_000 : 10_000);
  await using server = await startBenchRedis(redisServer);
  await using wechat = await startWechatStub({ delayMs: WECHAT_MS });
  const { redis, url } = server;
  const origin = wechat.origins[0] ?? "";
  const from = Date.now() + LEAD_MS;
  const dues = new Map(accounts.map((account) => [account, from + Math.floor(Math.random() * windowMs)]));
  await seedFresh(redis, dues);
  const configFile = await writeConfig(server, accounts);

  const bare: number[] = [];
  const queue = new Queue<{ account: string; dueAt: number }>(BARE_QUEUE, { connection: redis });
  await using baseline = createBareWorker({
    redisUrl: url,
    origin,
    concurrency: 32,
    onStored: ({ timestamp, opts }) => bare.push(Date.now() - timestamp - (opts.delay ?? 0) - WECHAT_MS),
  });
  const now = Date.now();
  const some = [...dues.values()].filter((_, index) => index % BARE_SHARE === 0);
  const jobs = some.map((dueAt, index) => ({ account: `bare ${index}`, dueAt }));
  await queue.addBulk(
    jobs.map((data) => ({ name: "refresh", data, opts: { timestamp: now, delay: data.dueAt - now } })),
  );
  void baseline.worker.run();

  const workers = [];
  for (let index = 0; index < WORKERS; index += 1)
    workers.push(await startWorker({ redisUrl: url, origin, configFile }));
  const spareMs = from - Date.now();
  await sleep(spareMs + windowMs + PATIENCE_MS);
  const own = await committedLate(redis, dues);
  await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()));
  await queue.close();

  const limit = quantile(bare, 0.99);
  const row = (name: string, of: number, late: readonly number[]): (string | number)[] => [
    name,
    `${late.length} of ${of}`,
    ...[0.5, 0.99, 1].map((share) => quantile(late, share)),
    (quantile(late, 0.99) / limit).toFixed(1),
  ];
  return [
    `Commit after plan in ms, less WeChat's own ${WECHAT_MS} ms; dues spread over ${windowMs / 1_000} s, ${WORKERS} workers, ready ${Math.round(spareMs / 1_000)} s before the first`,
    formatTable(
      ["", "committed", "p50", "p99", "max", "p99 to baseline"],
      [row("Tokenkeeper", accounts.length, own), row("bare delayed BullMQ jobs", jobs.length, bare)],
    ),
  ].join("\n\n");
}

/** @returns of each credential that was refreshed how late, ms */
async function committedLate(redis: Redis, dues: ReadonlyMap<Account, number>): Promise<number[]> {
  const pipeline = redis.pipeline();
  for (const account of dues.keys()) pipeline.hmget(controlKey(accessTokenOf(account)), "committed_at", "last_outcome");
  const replies = (await pipeline.exec()) ?? [];
  return [...dues.values()].flatMap((dueAt, index) => {
    const [committedAt, outcome] = (replies[index]?.[1] ?? []) as (string | null)[];
    return outcome === "refreshed" ? [Number(committedAt) - dueAt - WECHAT_MS] : [];
  });
}
