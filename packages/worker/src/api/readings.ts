import { TokenUnavailableError, type UnavailableReason } from "@tokenkeeper/shared";
import {
  connect,
  createReader,
  createRecordStore,
  createReports,
  createRotations,
  credentialId,
  SECOND,
  sendToStream,
  type Clock,
  type CredentialRef,
} from "@tokenkeeper/shared/contract";
import type { Durations } from "@tokenkeeper/core";

/** A credential that may be given out now. Durations in ms. */
export interface Reading {
  readonly value: string;
  readonly version: string;
  readonly remainingMs: number;
  /** Since the request was sent that brought it. */
  readonly ageMs: number;
  /** Since Redis was asked for it. */
  readonly readAgoMs: number;
}

/** What reading comes to. */
export type ReadOutcome =
  | { readonly type: "read"; readonly reading: Reading }
  | { readonly type: "unavailable"; readonly reason: UnavailableReason };

/** Reads credentials as apps do: from memory first, so also while Redis is away; a missing one is demanded and waited for. */
export interface Readings {
  read(credential: CredentialRef): Promise<ReadOutcome>;
  /** The same, but nothing that Redis was asked for before this call. */
  readAnew(credential: CredentialRef): Promise<ReadOutcome>;
  /** What Redis holds now, past the memory; `undefined` when it holds none or does not answer. */
  reread(credential: CredentialRef): Promise<Reading | undefined>;
  /**
   * Tells the workers that WeChat refused the value of this fingerprint, in the name of a key. Never rejects.
   * @returns whether Redis took it.
   */
  report(credential: CredentialRef, fp: string, key: string): Promise<boolean>;
  close(): void;
}

/** How long one answer of Redis may take, how long a missing value is waited for. Not scaled: sockets are not faster. */
const REDIS_DEADLINE = 2 * SECOND;
const WAIT = 3 * SECOND;

/** The token client's own reader on a connection of its own, and beside it what only a server needs to know of a value. */
export function createReadings(redisUrl: string, durations: Durations, clock: Clock): Readings {
  const { redis } = connect(redisUrl);
  const store = createRecordStore({ redis, deadlineMs: REDIS_DEADLINE });
  const rotations = createRotations(redis);
  const reports = createReports({ send: sendToStream({ redis, deadlineMs: REDIS_DEADLINE }), clock, repeatMs: WAIT });

  /** The reader's memory holds the record that was read last, and so does this. */
  const lastRead = new Map<string, (now: number) => Reading>();
  const observed: typeof store = {
    async read(credential) {
      const startedAt = clock.monotonic();
      const record = await store.read(credential);
      if (record) {
        const { value, version, remainingMs, expiresAt, issuedAt } = record;
        const ageMs = expiresAt - issuedAt - remainingMs;
        lastRead.set(credentialId(credential), (now) => {
          const readAgoMs = now - startedAt;
          return { value, version, remainingMs: remainingMs - readAgoMs, ageMs: ageMs + readAgoMs, readAgoMs };
        });
      }
      return record;
    },
    accountId: (idOrName) => store.accountId(idOrName),
  };
  const reader = createReader({
    store: observed,
    rotations,
    reports,
    clock,
    times: {
      cacheMs: durations.readerCache,
      waitMs: WAIT,
      endMarginMs: durations.readerMargin,
      replacedMs: durations.overlap,
      pollMs: SECOND / 5,
      retryMs: SECOND,
    },
  });

  function readingOf(credential: CredentialRef): Reading | undefined {
    const reading = lastRead.get(credentialId(credential))?.(clock.monotonic());
    // A token that was replaced since it was read does not live to the end of its record.
    const leftMs = reader.leftMs(credential) + durations.readerMargin;
    return reading && { ...reading, remainingMs: Math.min(reading.remainingMs, leftMs) };
  }

  async function read(credential: CredentialRef): Promise<ReadOutcome> {
    try {
      await reader.read(credential);
    } catch (error) {
      if (error instanceof TokenUnavailableError) return { type: "unavailable", reason: error.reason };
      throw error;
    }
    const reading = readingOf(credential);
    return reading ? { type: "read", reading } : { type: "unavailable", reason: "missing" };
  }

  async function reread(credential: CredentialRef): Promise<Reading | undefined> {
    const value = await reader.reread(credential, "");
    const reading = readingOf(credential);
    return reading?.value === value ? reading : undefined;
  }

  return {
    read,
    reread,

    async readAnew(credential) {
      const startedAt = clock.monotonic();
      const current = await reread(credential);
      if (current) return { type: "read", reading: current };
      const outcome = await read(credential);
      const isOld = outcome.type === "read" && outcome.reading.readAgoMs > clock.monotonic() - startedAt;
      return isOld ? { type: "unavailable", reason: "redis_unreachable" } : outcome;
    },

    report: ({ account, kind }, fp, key) => reports.tell({ account, kind, fp, app: key }),

    close() {
      rotations.close();
      redis.disconnect();
    },
  };
}
