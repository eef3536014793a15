import { setTimeout as sleep } from "node:timers/promises";
import { createTokenClient } from "@tokenkeeper/shared";
import { controlKey } from "@tokenkeeper/shared/contract";
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

/**
 * A worker in a process of its own refreshes one credential after the other, while an app in this one, which has them all in memory, asks for
 * each every millisecond.
 * @returns how long after its commit, by the worker's entry in Redis, each new value was what the app got, ms.
 */
export async function rotationLags(server: BenchRedis, count: number): Promise<number[]> {
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
  return await Promise.all(
    accounts.map(async (account) => {
      const committedAt = await redis.hget(controlKey(accessTokenOf(account)), "committed_at");
      return (seenAt.get(account.id) ?? Number.NaN) - Number(committedAt);
    }),
  );
}
