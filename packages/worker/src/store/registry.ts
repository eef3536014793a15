import { accountEntry, type Account } from "@tokenkeeper/core";
import { ACCOUNTS_KEY, heartbeatKey } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { guard } from "./run-script.ts";

/** What a worker makes known about itself and its accounts. */
export interface Registry {
  publishAccounts(accounts: readonly Account[]): Promise<void>;
  /** A sign of life that is valid for `ttlMs`. */
  beat(ttlMs: number): Promise<void>;
  leave(): Promise<void>;
}

/** Who this worker is. */
export interface WorkerIdentity {
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  /** ISO time. */
  readonly startedAt: string;
}

/** The registry on a real Redis. */
export function createRegistry(redis: Redis, identity: WorkerIdentity): Registry {
  const key = heartbeatKey(identity.name);
  return {
    publishAccounts: (accounts) =>
      guard(async () => {
        const entries = accounts.flatMap((account) => {
          const json = JSON.stringify(accountEntry(account));
          return [account.id, json, account.name, json];
        });
        await redis.hset(ACCOUNTS_KEY, ...entries);
      }),

    beat: (ttlMs) =>
      guard(async () => {
        const fields = { host: identity.host, pid: identity.pid, started_at: identity.startedAt };
        await redis.multi().hset(key, fields).pexpire(key, Math.round(ttlMs)).exec();
      }),

    leave: () =>
      guard(async () => {
        await redis.del(key);
      }),
  };
}
