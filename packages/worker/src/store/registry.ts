import { accountEntry, parseAccountEntry, type Account, type AccountEntry } from "@tokenkeeper/core";
import { ACCOUNTS_KEY, heartbeatKey, workerCredentialsKey, WORKERS_KEY } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { guard } from "./run-script.ts";

/** What the workers make known about themselves and their accounts. */
export interface Registry {
  publishAccounts(accounts: readonly Account[]): Promise<void>;
  /** Says which credentials this worker is configured for. */
  claim(credentialIds: readonly string[]): Promise<void>;
  /**
   * A sign of life that is valid for `ttlMs`.
   * @returns whether there was none before: this is the first, or Redis was emptied or away for long.
   */
  beat(ttlMs: number): Promise<boolean>;
  /** Those of the credentials that no living worker is configured for. */
  unclaimed(credentialIds: readonly string[]): Promise<string[]>;
  /** Every account that apps can ask for. */
  accounts(): Promise<AccountEntry[]>;
  removeAccount(entry: AccountEntry): Promise<void>;
  leave(): Promise<void>;
}

/** Who this worker is. */
export interface WorkerIdentity {
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  /** ISO time. */
  readonly startedAt: string;
  /** Of the package. */
  readonly version: string;
}

/** The registry on a real Redis. */
export function createRegistry(redis: Redis, identity: WorkerIdentity): Registry {
  const { name, host, pid, startedAt, version } = identity;
  const [heartbeat, claims] = [heartbeatKey(name), workerCredentialsKey(name)];

  /** The workers that gave a sign of life; the names of the others are forgotten. */
  async function livingWorkers(): Promise<string[]> {
    const names = await redis.smembers(WORKERS_KEY);
    const alive = await Promise.all(names.map((worker) => redis.exists(heartbeatKey(worker))));
    const gone = names.filter((_, index) => alive[index] === 0);
    if (gone.length > 0) await redis.srem(WORKERS_KEY, ...gone);
    return names.filter((_, index) => alive[index] === 1);
  }

  return {
    publishAccounts: (accounts) =>
      guard(async () => {
        const entries = accounts.flatMap((account) => {
          const json = JSON.stringify(accountEntry(account));
          return [account.id, json, account.name, json];
        });
        for (const part of partsOf(entries)) await redis.hset(ACCOUNTS_KEY, ...part);
      }),

    claim: (credentialIds) =>
      guard(async () => {
        const transaction = redis.multi().del(claims);
        for (const part of partsOf(credentialIds)) transaction.sadd(claims, ...part);
        await transaction.exec();
      }),

    beat: (ttlMs) =>
      guard(async () => {
        const ttl = Math.round(ttlMs);
        const fields = { host, pid, started_at: startedAt, version };
        const replies = await redis
          .multi()
          .hset(heartbeat, fields)
          .pexpire(heartbeat, ttl)
          .pexpire(claims, ttl)
          .sadd(WORKERS_KEY, name)
          .exec();
        return Number(replies?.[0]?.[1]) > 0;
      }),

    unclaimed: (credentialIds) =>
      guard(async () => {
        const workers = await livingWorkers();
        const nobodys = await Promise.all(
          partsOf(credentialIds).map(async (part) => {
            const claimed = workers.map((worker) => redis.smismember(workerCredentialsKey(worker), ...part));
            const answers = await Promise.all(claimed);
            return part.filter((_, index) => answers.every((answer) => answer[index] === 0));
          }),
        );
        return nobodys.flat();
      }),

    accounts: () =>
      guard(async () => {
        const entries = await redis.hvals(ACCOUNTS_KEY);
        return [...new Set(entries)].flatMap((json) => parseAccountEntry(json) ?? []);
      }),

    removeAccount: ({ id, name: accountName }) =>
      guard(async () => {
        await redis.hdel(ACCOUNTS_KEY, id, accountName);
      }),

    leave: () =>
      guard(async () => {
        await redis.multi().del(heartbeat, claims).srem(WORKERS_KEY, name).exec();
      }),
  };
}

/** A command with too many arguments is refused before it is sent; an even number keeps fields and values together. */
const ARGUMENTS_AT_ONCE = 2_000;

function partsOf<T>(list: readonly T[]): T[][] {
  const parts = Math.ceil(list.length / ARGUMENTS_AT_ONCE);
  return Array.from({ length: parts }, (_, at) => list.slice(at * ARGUMENTS_AT_ONCE, (at + 1) * ARGUMENTS_AT_ONCE));
}
