import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { controlKey } from "@tokenkeeper/shared/contract";
import { Queue } from "bullmq";
import { BARE_QUEUE } from "./support/bare-worker.ts";
import { startChild, type Child } from "./support/child.ts";
import type { BenchOptions } from "./support/options.ts";
import { accessTokenOf, population, seedFresh } from "./support/population.ts";
import { quantile } from "./support/quantile.ts";
import { startBenchRedis } from "./support/redis.ts";
import { formatTable } from "./support/table.ts";
import { startWechatStub, type StubMessage } from "./support/wechat-stub.ts";
import { startWorker, writeConfig } from "./support/worker-process.ts";

/** WeChat answers this late, ms: within the deadline, and long enough to be killed meanwhile. */
const WECHAT_MS = 6_000;
const KILL_WITHIN_MS = 3_000;
const WORKERS = 3;
const BARE_WORKERS = 2;
const FAR_MS = 7_000_000;
const POLL_MS = 20;

/** From kill -9 of a worker in the middle of a fetch to the next Begin of that credential, beside bare BullMQ workers. */
export async function takeover({ redisServer, quick }: BenchOptions): Promise<string> {
  const kills = quick ? 5 : 20;
  await using server = await startBenchRedis(redisServer);
  await using wechat = await startWechatStub({ delayMs: WECHAT_MS, ports: WORKERS + BARE_WORKERS });
  const { redis, url } = server;
  const accounts = population(kills);
  await seedFresh(redis, new Map(accounts.map((account) => [account, Date.now() + FAR_MS])));
  const configFile = await writeConfig(server, accounts);
  const queue = new Queue(BARE_QUEUE, { connection: redis });

  /** By the port of WeChat that each calls. */
  const processes: Child<unknown>[] = [];
  async function start(port: number): Promise<void> {
    const origin = wechat.origins[port] ?? "";
    const bareMain = join(import.meta.dirname, "support/bare-main.ts");
    processes[port] =
      port < WORKERS
        ? await startWorker({ redisUrl: url, origin, configFile })
        : startChild({ file: bareMain, env: { REDIS_URL: url, ORIGIN: origin } });
  }
  for (const port of wechat.origins.keys()) await start(port);

  async function callOf(appId: string): Promise<number> {
    const message = await wechat.process.next((sent: StubMessage) => sent.type === "call" && sent.appId === appId);
    return message.type === "call" ? message.port : -1;
  }

  /** Waits for the fetch of `appId`, and kills who makes it. */
  async function killInFetch(appId: string): Promise<{ port: number; killedAt: number }> {
    const port = await callOf(appId);
    await sleep(Math.random() * KILL_WITHIN_MS);
    const killedAt = Date.now();
    await processes[port]?.kill9();
    return { port, killedAt };
  }

  async function killOwn(account: (typeof accounts)[number]): Promise<number> {
    const key = controlKey(accessTokenOf(account));
    const killing = killInFetch(account.id);
    await redis.hset(key, "plan_at", Date.now());
    const { port, killedAt } = await killing;
    const before = await redis.hget(key, "generation");
    let [generation, begunAt] = [before, null as string | null];
    while (generation === before || begunAt === null) {
      await sleep(POLL_MS);
      [generation = null, begunAt = null] = await redis.hmget(key, "generation", "intent_at");
    }
    await start(port);
    return Number(begunAt) - killedAt;
  }

  async function killBare(account: string): Promise<number> {
    const killing = killInFetch(account);
    await queue.add("refresh", { account });
    const { port, killedAt } = await killing;
    await callOf(account);
    const tookMs = Date.now() - killedAt;
    await start(port);
    return tookMs;
  }

  const own: number[] = [];
  const bare: number[] = [];
  for (const [index, account] of accounts.entries()) {
    const [ownMs, bareMs] = await Promise.all([killOwn(account), killBare(`bare ${index}`)]);
    own.push(ownMs);
    bare.push(bareMs);
  }
  await Promise.all(processes.map((each) => each[Symbol.asyncDispose]()));
  await queue.close();

  const baseline = quantile(bare, 0.5);
  const row = (name: string, times: readonly number[]): string[] => [
    name,
    ...[0, 0.5, 1].map((share) => (quantile(times, share) / 1_000).toFixed(1)),
    (quantile(times, 0.5) / baseline).toFixed(2),
  ];
  return [
    `Seconds from kill -9 to the next Begin of the same credential, ${kills} kills in the middle of a fetch, ${WORKERS} workers (${BARE_WORKERS} of the baseline, killed at the same time)`,
    formatTable(
      ["", "min", "median", "max", "median to baseline"],
      [row("Tokenkeeper", own), row("bare BullMQ worker, same locks", bare)],
    ),
  ].join("\n\n");
}
