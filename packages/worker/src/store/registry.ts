import { accountEntry, parseAccountEntry, type Account, type AccountEntry } from "@tokenkeeper/core";
import {
  ACCOUNTS_KEY,
  heartbeatKey,
  workerCredentialsKey,
  workerNamesKey,
  WORKERS_KEY,
} from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { guard } from "./run-script.ts";

/** What the workers make known about themselves and their accounts. */
export interface Registry {
  publishAccounts(accounts: readonly Account[]): Promise<void>;
  /** Says which credentials this worker is configured for, and by which names their accounts are known. */
  claim(credentialIds: readonly string[], names: readonly string[]): Promise<void>;
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
  /**
   * Takes out what stands under names that an account had formerly and that no living worker's configuration has.
   * Nothing while a worker lives that does not tell its names.
   * @returns those names.
   */
  removeFormerNames(): Promise<string[]>;
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
  const [heartbeat, claims, claimedNames] = [heartbeatKey(name), workerCredentialsKey(name), workerNamesKey(name)];

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

    claim: (credentialIds, names) =>
      guard(async () => {
        const transaction = redis.multi().del(claims, claimedNames);
        for (const part of partsOf(credentialIds)) transaction.sadd(claims, ...part);
        for (const part of partsOf(names)) transaction.sadd(claimedNames, ...part);
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
          .pexpire(claimedNames, ttl)
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

    removeFormerNames: () =>
      guard(async () => {
        const former = formerNamesIn(await redis.hgetall(ACCOUNTS_KEY));
        if (former.length === 0) return [];
        const keys = (await livingWorkers()).map((worker) => workerNamesKey(worker));
        const told = await Promise.all(keys.map((key) => redis.exists(key)));
        if (told.includes(0)) return [];
        const claimed = await Promise.all(keys.map((key) => redis.smismember(key, ...former)));
        const nobodys = former.filter((_, index) => claimed.every((answer) => answer[index] === 0));
        if (nobodys.length > 0) await redis.hdel(ACCOUNTS_KEY, ...nobodys);
        return nobodys;
      }),

    leave: () =>
      guard(async () => {
        await redis.multi().del(heartbeat, claims, claimedNames).srem(WORKERS_KEY, name).exec();
      }),
  };
}

/** As many as go into one command; the next look finds the others. */
const FORMER_AT_ONCE = 500;

/** Names under which an account stands that its entry of today does not have. */
function formerNamesIn(fields: Readonly<Record<string, string>>): string[] {
  return Object.entries(fields)
    .flatMap(([field, json]) => {
      const entry = parseAccountEntry(json);
      const today = entry && parseAccountEntry(fields[entry.id] ?? "");
      return today && field === entry.name && field !== entry.id && today.name !== field ? [field] : [];
    })
    .slice(0, FORMER_AT_ONCE);
}

/** A command with too many arguments is refused before it is sent; an even number keeps fields and values together. */
const ARGUMENTS_AT_ONCE = 2_000;

function partsOf<T>(list: readonly T[]): T[][] {
  const parts = Math.ceil(list.length / ARGUMENTS_AT_ONCE);
  return Array.from({ length: parts }, (_, at) => list.slice(at * ARGUMENTS_AT_ONCE, (at + 1) * ARGUMENTS_AT_ONCE));
}
