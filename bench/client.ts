import { createTokenClient } from "@tokenkeeper/shared";
import { ACCOUNTS_KEY, recordKey, RECORD_FIELDS } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { bytesPerCredential } from "./support/heap.ts";
import type { BenchOptions } from "./support/options.ts";
import { population, seedFresh, seededValue } from "./support/population.ts";
import { median, quantile } from "./support/quantile.ts";
import { callsOf, startBenchRedis } from "./support/redis.ts";
import { rotationLags } from "./support/rotation-lag.ts";
import { formatTable } from "./support/table.ts";
import { openTokenSources, type TokenSource } from "./support/token-sources.ts";

const RUNS = 15;
const CREDENTIALS = 10_000;
/** Cold reads that do not count. */
const WARM_UP = 1_000;
const AT_ONCE = 1_000;
const NAME = "shop";

/** What reading through the client costs an app, beside other ways to the same token. */
export async function client({ redisServer, quick }: BenchOptions): Promise<string> {
  await using server = await startBenchRedis(redisServer);
  const { redis, url } = server;
  const accounts = population(CREDENTIALS);
  const ids = accounts.map(({ id }) => id);
  const [account = ""] = ids;
  await seedFresh(redis, new Map(accounts.map((each) => [each, Date.now() + 1_800_000])));
  await redis.hset(ACCOUNTS_KEY, NAME, JSON.stringify({ id: account, name: NAME }));

  const value = seededValue(account);
  await using sources = await openTokenSources({ redisUrl: url, account, name: NAME, value }, redis);
  const all = [sources.first, ...sources.others];
  for (const { name, read } of all) if ((await read()) !== value) throw new Error(`${name}: another value was read`);
  const reads = await alternate(all, (source) => nsPerRead(source, quick ? 5 : 1));
  const memory = reads.get(sources.first) ?? [];
  const readRow = (source: TokenSource): string[] => {
    const times = reads.get(source) ?? [];
    const target = source.target === undefined ? "" : `at least ${source.target}`;
    return [source.name, readable(median(times)), `${ratio(times, memory).toFixed(1)} ×`, target];
  };

  const cold = await coldReads(redis, ids);

  const herd = await readsOfAHerd(redis, account);
  const bytes = await bytesPerCredential(url, CREDENTIALS);
  const lags = await rotationLags(server, quick ? 100 : 500);

  return [
    `Tokens of ${value.length} characters, medians of ${RUNS} alternated runs; the ratio of a read is to the first row`,
    formatTable(
      ["", "figure", "ratio", "target"],
      [
        ...all.map(readRow),
        ["cold read", readable(cold.own), `${(cold.own / cold.bare).toFixed(2)} ×`, "at most 1.3"],
        ["one pipelined PTTL + HMGET", readable(cold.bare), "1 ×", ""],
        [`${AT_ONCE} cold reads at once, of one credential`, `${herd} Redis read${herd === 1 ? "" : "s"}`, "", "1"],
        [`commit to app, p50 of ${lags.app.length}`, `${quantile(lags.app, 0.5)} ms`, "", ""],
        [`commit to app, p99 of ${lags.app.length}`, `${quantile(lags.app, 0.99)} ms`, "", "at most 20"],
        ["commit to a bare subscriber, p99", `${quantile(lags.hint, 0.99)} ms`, "", ""],
        [`memory for one of ${CREDENTIALS} credentials`, `${bytes.toFixed(0)} bytes`, "", ""],
      ],
    ),
  ].join("\n\n");
}

/** Runs each in turn, each first in turn; the first round warms up and does not count. @returns the samples of each */
async function alternate<T>(
  contenders: readonly T[],
  sample: (contender: T) => Promise<number>,
): Promise<Map<T, number[]>> {
  const samples = new Map<T, number[]>(contenders.map((contender) => [contender, []]));
  for (let run = 0; run <= RUNS; run += 1) {
    const first = run % contenders.length;
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      const figure = await sample(contender);
      if (run > 0) samples.get(contender)?.push(figure);
    }
  }
  return samples;
}

async function nsPerRead({ read, reads, callers = 1 }: TokenSource, share: number): Promise<number> {
  const count = Math.ceil(reads / share);
  let left = count;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await read();
    }
  };
  const from = performance.now();
  await Promise.all(Array.from({ length: callers }, caller));
  return ((performance.now() - from) / count) * 1e6;
}

/**
 * Each credential once through a client that has not read it yet, and once without, in turn: a read is short enough that most are not disturbed
 * by what else the machine does.
 * @returns medians, ns
 */
async function coldReads(redis: Redis, ids: readonly string[]): Promise<{ own: number; bare: number }> {
  const tokens = createTokenClient({ redis });
  const own = { read: (id: string): Promise<unknown> => tokens.getAccessToken(id), times: [] as number[] };
  const bare = { read: (id: string): Promise<unknown> => pipeline(redis, id), times: [] as number[] };
  for (const [index, id] of ids.entries()) {
    for (const { read, times } of index % 2 === 0 ? [own, bare] : [bare, own]) {
      const from = performance.now();
      await read(id);
      if (index >= WARM_UP) times.push((performance.now() - from) * 1e6);
    }
  }
  await tokens.close();
  return { own: median(own.times), bare: median(bare.times) };
}

/** What a cold read cannot do without. */
function pipeline(redis: Redis, account: string): Promise<unknown> {
  const key = recordKey({ account, kind: "access_token" });
  return redis
    .pipeline()
    .pttl(key)
    .hmget(key, ...RECORD_FIELDS)
    .exec();
}

/** @returns how often Redis was asked when a process asked for the same many times at once. */
async function readsOfAHerd(redis: Redis, account: string): Promise<number> {
  const before = await callsOf(redis, "hmget");
  const tokens = createTokenClient({ redis });
  await Promise.all(Array.from({ length: AT_ONCE }, () => tokens.getAccessToken(account)));
  await tokens.close();
  return (await callsOf(redis, "hmget")) - before;
}

/** Of each run with the same run of the other, and of these the median. */
function ratio(times: readonly number[], others: readonly number[]): number {
  return median(times.map((time, run) => time / (others[run] ?? Number.NaN)));
}

function readable(ns: number): string {
  return ns < 10_000 ? `${ns.toFixed(0)} ns` : `${(ns / 1_000).toFixed(1)} µs`;
}
