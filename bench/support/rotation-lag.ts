import { setTimeout as sleep } from "node:timers/promises";
import type { Account } from "@tokenkeeper/core";
import { createTokenClient } from "@tokenkeeper/shared";
import { controlKey, ROTATED_CHANNEL } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import type { BenchRedis } from "./redis.ts";
import { accessTokenOf, population, seedFresh } from "./population.ts";
import { startWechatStub } from "./wechat-stub.ts";
import { startWorker, writeConfig } from "./worker-process.ts";

/** Between one due credential and the next, ms. */
const APART_MS = 20;
/** Time for the worker to start and plan before the first is due, ms. */
const LEAD_MS = 10_000;
/** How long after the last due is waited, ms. */
const PATIENCE_MS = 15_000;

/** How long after its commit, by the worker's entry in Redis, each new value was known, ms. */
export interface RotationLags {
  /** An app got it that has all values in memory and asks for each every millisecond. */
  readonly app: readonly number[];
  /** A bare subscriber in the same process got the hint. */
  readonly hint: readonly number[];
}

/** A worker in a process of its own refreshes one credential after the other, for an app in this one. */
export async function rotationLags(server: BenchRedis, count: number): Promise<RotationLags> {
  const { redis, url } = server;
  const accounts = population(count);
  const from = Date.now() + LEAD_MS;
  await redis.flushall();
  await seedFresh(redis, new Map(accounts.map((account, index) => [account, from + index * APART_MS])));
  await using wechat = await startWechatStub();
  const origin = wechat.origins[0] ?? "";
  await using _worker = await startWorker({ redisUrl: url, origin, configFile: await writeConfig(server, accounts) });
  const tokens = createTokenClient({ redis });
  const old = new Map<string, string>();
  for (const { id } of accounts) old.set(id, await tokens.getAccessToken(id));

  const seenAt = new Map<string, number>();
  const hintedAt = new Map<string, number>();
  const subscriber = redis.duplicate();
  await subscriber.subscribe(ROTATED_CHANNEL);
  subscriber.on("message", (_channel, message) => {
    const { account } = JSON.parse(message) as { account: string };
    if (!hintedAt.has(account)) hintedAt.set(account, Date.now());
  });
  const look = async (id: string): Promise<void> => {
    if ((await tokens.getAccessToken(id)) !== old.get(id)) seenAt.set(id, Date.now());
  };
  const deadline = from + count * APART_MS + PATIENCE_MS;
  while (seenAt.size < count) {
    if (Date.now() > deadline)
      throw new Error(`${count - seenAt.size} of ${count} credentials were not refreshed in time`);
    await Promise.all(accounts.filter(({ id }) => !seenAt.has(id)).map(({ id }) => look(id)));
    await sleep(1);
  }
  await tokens.close();
  subscriber.disconnect();
  const committedAt = await committedTimes(redis, accounts);
  const lags = (times: ReadonlyMap<string, number>): number[] =>
    accounts.map(({ id }, index) => (times.get(id) ?? Number.NaN) - (committedAt[index] ?? Number.NaN));
  return { app: lags(seenAt), hint: lags(hintedAt) };
}

async function committedTimes(redis: Redis, accounts: readonly Account[]): Promise<number[]> {
  const times = accounts.map((account) => redis.hget(controlKey(accessTokenOf(account)), "committed_at"));
  return (await Promise.all(times)).map(Number);
}
