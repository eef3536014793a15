import { setTimeout as sleep } from "node:timers/promises";
import { accountEntry, HISTORY, REFRESH_QUEUE, type Account } from "@tokenkeeper/core";
import { findChromium } from "@tokenkeeper/launcher";
import { ACCOUNTS_KEY, controlKey, QUEUE_PREFIX, ROTATED_CHANNEL } from "@tokenkeeper/shared/contract";
import { Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { chromium, type Browser } from "playwright-core";
import { startDashboardProcess, type DashboardProcess } from "./support/dashboard-process.ts";
import type { BenchOptions } from "./support/options.ts";
import { accessTokenOf, population, seedFresh } from "./support/population.ts";
import { median } from "./support/quantile.ts";
import { redisWork, startBenchRedis } from "./support/redis.ts";
import { formatTable } from "./support/table.ts";

const LIFE_MS = 7_200_000;
const PAGES = 50;
/** Rotations a second among 10,000 credentials that are refreshed every half hour. */
const ROTATIONS_PER_S = 5.5;

/** What the pages cost: the first picture of ten thousand credentials, bytes, open pages, a look at a long history. */
export async function dashboard({ redisServer, quick, env }: BenchOptions): Promise<string> {
  const [credentials, jobs, windowMs] = quick ? [1_000, 2_000, 5_000] : [10_000, 20_000, 20_000];
  const accounts = population(credentials);
  await using server = await startBenchRedis(redisServer);
  const { redis, url } = server;
  await seed(redis, accounts);
  await using board = await startDashboardProcess(url);
  const asRoot = process.getuid?.() === 0;
  const executablePath = await findChromium({ env, say: () => {}, asRoot });
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--headless", "--disable-gpu"] });
  const first = await firstRender(browser, board, accounts[0]?.id ?? "");
  await browser.close();
  const open = [];
  for (const pages of [0, 1, PAGES]) open.push(await openPages(board, { pages, redis, accounts, windowMs }));
  const long = await longHistory(board, { redis, jobs, account: accounts[0] });

  return [
    `${credentials} credentials`,
    formatTable(
      ["", "", "budget"],
      [
        ["first render of all credentials, ms (median of 5, nothing cached)", first.ms.toFixed(0), "1,000"],
        ["scripts of all pages, kB compressed", (first.scriptBytes / 1_000).toFixed(1), "300"],
        ["the list, kB compressed", (first.listBytes / 1_000).toFixed(1), ""],
      ],
    ),
    `Open pages, ${ROTATIONS_PER_S} rotations a second, over ${windowMs / 1_000} s`,
    formatTable(["pages", "dashboard, % of a core", "Redis, % of a core", "kB sent to a page"], open),
    `A look with ${jobs} jobs kept, median of 20`,
    formatTable(["", "ms", "Redis commands"], long),
  ].join("\n\n");
}

async function seed(redis: Redis, accounts: readonly Account[]): Promise<void> {
  await seedFresh(redis, new Map(accounts.map((account) => [account, Date.now() + LIFE_MS - 300_000])));
  const pipeline = redis.pipeline();
  for (const account of accounts) pipeline.hset(ACCOUNTS_KEY, account.id, JSON.stringify(accountEntry(account)));
  await pipeline.exec();
}

async function firstRender(
  browser: Browser,
  { url, cookie }: DashboardProcess,
  account: string,
): Promise<{ ms: number; scriptBytes: number; listBytes: number }> {
  const times: number[] = [];
  const scripts = new Map<string, number>();
  let listBytes = 0;
  for (let round = 0; round < 5; round += 1) {
    const context = await browser.newContext();
    const [name = "", value = ""] = cookie.split("=");
    await context.addCookies([{ name, value, url }]);
    const page = await context.newPage();
    const sizes: Promise<void>[] = [];
    page.on("requestfinished", (request) => {
      const add = async (): Promise<void> => {
        const { responseBodySize } = await request.sizes();
        if (request.resourceType() === "script") scripts.set(request.url(), responseBodySize);
        if (new URL(request.url()).pathname === "/api/credentials") listBytes = responseBodySize;
      };
      // The stream of events ends with the page.
      sizes.push(add().catch(() => {}));
    });
    const from = performance.now();
    await page.goto(url, { waitUntil: "commit" });
    await page.locator("[data-index='0'] .badge").waitFor();
    times.push(performance.now() - from);
    // What the other pages load counts too.
    for (const path of [`/credentials/${account}/access_token`, "/fleet"]) {
      await page.goto(`${url}${path}`);
      await page.locator("dd").first().waitFor();
    }
    await Promise.all(sizes);
    await context.close();
  }
  const scriptBytes = [...scripts.values()].reduce((sum, bytes) => sum + bytes, 0);
  return { ms: median(times), scriptBytes, listBytes };
}

/** Pages that are open while values are rotated. @returns a row of the table */
async function openPages(
  board: DashboardProcess,
  options: { pages: number; redis: Redis; accounts: readonly Account[]; windowMs: number },
): Promise<(string | number)[]> {
  const { pages, redis, accounts, windowMs } = options;
  const leave = new AbortController();
  let received = 0;
  for (let page = 0; page < pages; page += 1) {
    const answer = await fetch(`${board.url}/api/events`, { headers: { Cookie: board.cookie }, signal: leave.signal });
    const count = async (): Promise<void> => {
      for await (const chunk of answer.body ?? []) received += (chunk as Uint8Array).length;
    };
    count().catch(() => {});
  }
  // The first poll tells everything.
  await sleep(3_000);
  received = 0;
  const before = { cpu: await board.cpuMs(), redis: (await redisWork(redis)).cpuMs, at: performance.now() };
  while (performance.now() - before.at < windowMs) {
    await rotate(redis, accounts[Math.floor(Math.random() * accounts.length)]);
    await sleep(1_000 / ROTATIONS_PER_S);
  }
  const passed = performance.now() - before.at;
  const share = (ms: number): string => ((ms / passed) * 100).toFixed(1);
  const row = [
    String(pages),
    share((await board.cpuMs()) - before.cpu),
    share((await redisWork(redis)).cpuMs - before.redis),
    pages === 0 ? "" : (received / pages / 1_000).toFixed(1),
  ];
  leave.abort();
  await sleep(500);
  return row;
}

async function rotate(redis: Redis, account: Account | undefined): Promise<void> {
  if (!account) return;
  const ref = accessTokenOf(account);
  const now = Date.now();
  await redis.hset(controlKey(ref), { last_at: now, last_outcome: "refreshed", committed_at: now });
  await redis.publish(ROTATED_CHANNEL, JSON.stringify({ ...ref, version: String(now) }));
}

async function longHistory(
  board: DashboardProcess,
  { redis, jobs, account }: { redis: Redis; jobs: number; account: Account | undefined },
): Promise<(string | number)[][]> {
  const queue = new Queue(REFRESH_QUEUE, { connection: redis, prefix: QUEUE_PREFIX });
  const data = { account: account?.id, kind: "access_token", reason: "plan" };
  const worker = new Worker(
    REFRESH_QUEUE,
    () => Promise.resolve({ outcome: "refreshed", reason: "due", unchanged: false }),
    { connection: redis.duplicate({ maxRetriesPerRequest: null }), prefix: QUEUE_PREFIX, concurrency: 50 },
  );
  for (let added = 0; added < jobs; added += 1_000)
    await queue.addBulk(
      Array.from({ length: 1_000 }, () => ({ name: "account 0 · access_token", data, opts: HISTORY })),
    );
  while ((await queue.getCompletedCount()) < jobs) await sleep(100);
  await worker.close();
  await queue.close();

  const look = async (path: string): Promise<number> => {
    const from = performance.now();
    await (await fetch(`${board.url}${path}`, { headers: { Cookie: board.cookie } })).arrayBuffer();
    return performance.now() - from;
  };
  const looks = async (name: string, path: string, times: number): Promise<(string | number)[]> => {
    const before = (await redisWork(redis)).commands;
    const taken: number[] = [];
    for (let round = 0; round < times; round += 1) taken.push(await look(path));
    const commands = ((await redisWork(redis)).commands - before) / times;
    return [name, median(taken).toFixed(1), commands.toFixed(0)];
  };
  const own = `/api/credentials/${account?.id}/access_token`;
  return [
    await looks(
      "Bull Board's poll",
      "/queues/api/queues?activeQueue=refresh&status=completed&page=1&jobsPerPage=10",
      20,
    ),
    await looks("a credential's page, the first one (reads the whole history)", own, 1),
    await looks("a credential's page", own, 20),
  ];
}
