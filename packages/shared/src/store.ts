import type { Redis } from "ioredis";
import { APP_ID_PATTERN, type CredentialRef } from "./credential.ts";
import { ACCOUNTS_KEY, recordKey, REPORTS_KEY } from "./keys.ts";
import { decodeRecord, RECORD_FIELDS, type CredentialRecord } from "./record.ts";

/** A record as read, with the life it surely has left. */
export interface ReadRecord extends CredentialRecord {
  /** Remaining life in ms, by Redis. */
  readonly remainingMs: number;
}

/** What the token client does with Redis: two kinds of read, one kind of write. */
export interface RecordStore {
  /** The record, or `undefined` when there is none that is valid. Rejects when Redis does not answer in time. */
  read(credential: CredentialRef): Promise<ReadRecord | undefined>;
  /** The account id behind an id or a name, or `undefined` when no worker knows it. */
  accountId(idOrName: string): Promise<string | undefined>;
  /** Tells the worker that a value is missing, or with `fp` that WeChat refused the value of this fingerprint. */
  tell(message: CredentialRef & { readonly fp?: string }): Promise<void>;
}

const REPORTS_KEPT = 10_000;

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
      const [ttl, fields] = replies ?? [];
      const record = Array.isArray(fields?.[1]) ? decodeRecord(fields[1]) : undefined;
      // A failed command (a key of another type, say) is as good as no record; the worker mends it.
      if (!record || typeof ttl?.[1] !== "number" || ttl[1] <= 0) return undefined;
      return { ...record, remainingMs: Math.min(ttl[1], record.expiresAt - record.issuedAt) };
    },

    async accountId(idOrName) {
      if (APP_ID_PATTERN.test(idOrName)) return idOrName;
      const entry = await within(redis.hget(ACCOUNTS_KEY, idOrName), deadlineMs);
      return entry === null ? undefined : idOf(entry);
    },

    async tell({ account, kind, fp }) {
      const fields = ["account", account, "kind", kind, ...(fp === undefined ? [] : ["fp", fp])];
      await within(redis.xadd(REPORTS_KEY, "MAXLEN", "~", REPORTS_KEPT, "*", ...fields), deadlineMs);
    },
  };
}

function idOf(entry: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(entry);
    const id = typeof parsed === "object" && parsed !== null && "id" in parsed ? parsed.id : undefined;
    return typeof id === "string" ? id : undefined;
  } catch {
    return undefined;
  }
}

/** Settles as the promise does, or rejects after `deadlineMs`. */
async function within<T>(promise: Promise<T>, deadlineMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("Redis did not answer in time")), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
