import { secretOf, type Account } from "@tokenkeeper/core";
import { controlKey, fingerprint, recordKey, RECORD_SCHEMA, type CredentialRef } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";

const SECRET = "0123456789abcdef".repeat(2);
const LIFE_MS = 7_200_000;

/** Accounts with one stable token each. */
export function population(count: number): Account[] {
  return Array.from({ length: count }, (_, index) => ({
    id: appIdOf(index),
    name: `account ${index}`,
    type: "official-account",
    secret: secretOf(SECRET),
    token: "stable",
    fallback: "stable",
    sandbox: false,
    mirrors: [],
    kinds: ["access_token"],
  }));
}

/** The configuration file of a worker process with these accounts. */
export function configText(accounts: readonly Account[]): string {
  const written = accounts.map(({ id, name, type }) => ({ name, type, appId: id, secret: SECRET }));
  return JSON.stringify({ accounts: written });
}

export function accessTokenOf({ id }: Account): CredentialRef {
  return { account: id, kind: "access_token" };
}

/** The value that `seedFresh` writes, as long as one of WeChat's. */
export function seededValue(id: string): string {
  return `seeded_${id}_`.padEnd(136, "x");
}

/** Writes a fresh record for each account, as a worker leaves it. @param planAt when each is due, epoch ms */
export async function seedFresh(redis: Redis, planAt: ReadonlyMap<Account, number>): Promise<void> {
  const now = Date.now();
  const pipeline = redis.pipeline();
  for (const [account, dueAt] of planAt) {
    const ref = accessTokenOf(account);
    const value = seededValue(account.id);
    const times = { issued_at: now, expires_at: now + LIFE_MS };
    pipeline.hset(recordKey(ref), { ...times, value, version: String(now), schema: RECORD_SCHEMA });
    pipeline.pexpire(recordKey(ref), LIFE_MS);
    const state = { fingerprint: fingerprint(value), value_since: now, plan_at: dueAt, committed_at: now };
    pipeline.hset(controlKey(ref), { ...times, ...state, generation: now, committed_generation: now });
  }
  await pipeline.exec();
}

function appIdOf(index: number): string {
  return `wx${String(index + 1).padStart(16, "0")}`;
}
