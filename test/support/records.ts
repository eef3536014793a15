// What a worker leaves in Redis for apps, written by hand, and a clock that a test may push.
import type { Redis } from "ioredis";
import {
  ACCOUNTS_KEY,
  recordKey,
  RECORD_SCHEMA,
  REPORTS_KEY,
  ROTATED_CHANNEL,
  systemClock,
  type Clock,
  type CredentialKind,
} from "@tokenkeeper/shared/contract";

export interface WrittenRecord {
  readonly account: string;
  readonly value: string;
  readonly kind?: CredentialKind;
  /** @default two hours */
  readonly lifeMs?: number;
  /** How long ago it was asked for. @default 0 */
  readonly issuedAgoMs?: number;
}

const TWO_HOURS = 7_200_000;
let accounts = 0;

/** An appid that no other test of this file uses. */
export function newAccount(): string {
  accounts += 1;
  return `wx${String(accounts).padStart(16, "0")}`;
}

/** The fields of a record as a worker writes them. */
export function recordFields(value: string, lifeMs = TWO_HOURS): Record<string, string> {
  const now = Date.now();
  return {
    value,
    expires_at: String(now + lifeMs),
    issued_at: String(now),
    version: String(now),
    schema: RECORD_SCHEMA,
  };
}

/** Stores a record, without a hint. */
export async function putRecord(redis: Redis, record: WrittenRecord): Promise<void> {
  const { account, value, kind = "access_token", lifeMs = TWO_HOURS, issuedAgoMs = 0 } = record;
  const key = recordKey({ account, kind });
  const fields = recordFields(value, lifeMs);
  const issuedAt = String(Number(fields["issued_at"]) - issuedAgoMs);
  await redis
    .multi()
    .hset(key, { ...fields, issued_at: issuedAt })
    .pexpire(key, lifeMs)
    .exec();
}

/** Sends the hint that follows a commit. @param fp of the committed value. @default another one than any */
export async function publishRotation(redis: Redis, account: string, fp = "0000000000000000"): Promise<void> {
  await redis.publish(ROTATED_CHANNEL, JSON.stringify({ account, kind: "access_token", version: "1", fp }));
}

/** Makes an account known under a name. */
export async function nameAccount(redis: Redis, name: string, id: string): Promise<void> {
  const entry = JSON.stringify({ id, name, family: "official-account", kinds: ["access_token"] });
  await redis.hset(ACCOUNTS_KEY, name, entry, id, entry);
}

/** What apps told about an account, oldest first. */
export async function toldAbout(redis: Redis, account: string): Promise<Record<string, string>[]> {
  const entries = await redis.xrange(REPORTS_KEY, "-", "+");
  return entries
    .map(([, fields]) =>
      Object.fromEntries(fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1] ?? ""]] : []))),
    )
    .filter((message) => message["account"] === account);
}

/** How often the server was asked for fields of a hash so far, by HMGET and HGET. */
export async function hashReads(redis: Redis): Promise<number> {
  const stats = await redis.info("commandstats");
  return [...stats.matchAll(/^cmdstat_(?:hmget|hget):calls=(\d+)/gm)].reduce(
    (sum, [, calls]) => sum + Number(calls),
    0,
  );
}

export interface PushedClock extends Clock {
  push(ms: number): void;
}

/** The real clock, plus what it was pushed. */
export function pushedClock(): PushedClock {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    monotonic: () => performance.now() + ahead,
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
    push(ms) {
      ahead += ms;
    },
  };
}
