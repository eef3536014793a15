import type { Redis } from "ioredis";
import { ACCOUNT_ID_PATTERN, APP_ID_PATTERN, type CredentialRef } from "./credential.ts";
import { within } from "./deadline.ts";
import { ACCOUNTS_KEY, recordKey } from "./keys.ts";
import { decodeRecord, RECORD_FIELDS, type CredentialRecord } from "./record.ts";

/** A record as read, with the life it surely has left. */
export interface ReadRecord extends CredentialRecord {
  /** Remaining life in ms, by Redis. */
  readonly remainingMs: number;
}

/** What the token client reads from Redis. Both reject when Redis does not answer in time, or refuses to. */
export interface RecordStore {
  /** The record, or `undefined` when there is none that is valid. */
  read(credential: CredentialRef): Promise<ReadRecord | undefined>;
  /** The account id behind an id or a name, or `undefined` when no worker knows it. */
  accountId(idOrName: string): Promise<string | undefined>;
}

/** @param deadlineMs how long one answer of Redis may take. */
export function createRecordStore({ redis, deadlineMs }: { redis: Redis; deadlineMs: number }): RecordStore {
  return {
    async read(credential) {
      const key = recordKey(credential);
      // The life first: a rotation between the two reads then gives a new value with a life that is too short, never too long.
      const replies = await within(
        redis
          .pipeline()
          .pttl(key)
          .hmget(key, ...RECORD_FIELDS)
          .exec(),
        deadlineMs,
      );
      const [ttl, fields] = (replies ?? []).map(([error, reply]) => (error ? absentOrThrow(error) : reply));
      const record = Array.isArray(fields) ? decodeRecord(fields) : undefined;
      if (!record || typeof ttl !== "number" || ttl <= 0) return undefined;
      return { ...record, remainingMs: Math.min(ttl, record.expiresAt - record.issuedAt) };
    },

    async accountId(idOrName) {
      if (APP_ID_PATTERN.test(idOrName)) return idOrName;
      const entry = await within(redis.hget(ACCOUNTS_KEY, idOrName).catch(absentOrThrow), deadlineMs);
      return entry ? idOf(entry, idOrName) : undefined;
    },
  };
}

/** A key of another type is as good as no key, the worker mends it; every other refusal says nothing about the value. */
function absentOrThrow(error: Error): undefined {
  if (!error.message.startsWith("WRONGTYPE")) throw error;
}

/** The id of a whole entry that stands where it belongs: one that was copied from another name must not lead to another's token. */
function idOf(text: string, idOrName: string): string | undefined {
  try {
    const entry: unknown = JSON.parse(text);
    if (typeof entry !== "object" || entry === null || !Object.hasOwn(entry, "id")) return undefined;
    const { id, name } = entry as { id?: unknown; name?: unknown };
    if (typeof id !== "string" || !ACCOUNT_ID_PATTERN.test(id)) return undefined;
    return id === idOrName || name === idOrName ? id : undefined;
  } catch {
    return undefined;
  }
}
