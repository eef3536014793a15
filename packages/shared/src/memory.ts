import type { CredentialKind, CredentialRef } from "./credential.ts";
import type { ReadRecord } from "./store.ts";
import type { Clock } from "./time.ts";

/** What this process holds of one credential. Instants are monotonic ms. */
interface Entry {
  readonly record: ReadRecord;
  /** The record's value: made once, because a promise takes as long to make as the value to find. */
  readonly value: Promise<string>;
  /** The value is served until then, whatever Redis does. */
  readonly validUntil: number;
  /** The value is served until then without asking Redis. */
  trustedUntil: number;
  servedAt: number;
}

/** The values that this process holds. */
export interface Memory {
  /** The value, if Redis need not be asked. @param now monotonic ms */
  fresh(credential: CredentialRef, now: number): Promise<string> | undefined;
  /** The value, if it is valid; it is trusted again for `trustMs`. */
  valid(credential: CredentialRef, trustMs: number): string | undefined;
  /**
   * Keeps what Redis answered.
   * @returns `undefined` unless another value was known before; then how long, in ms and at most, that one was served after the request for
   *   this one was sent.
   */
  keep(credential: CredentialRef, record: ReadRecord, life: Life): number | undefined;
  /** Makes the next read ask Redis; with `value`, only if that is the one in memory. */
  distrust(credential: CredentialRef, value?: string): void;
}

/** How long a record may be used. Monotonic ms. */
export interface Life {
  /** When Redis was asked. */
  readonly readAt: number;
  readonly validUntil: number;
  readonly trustedUntil: number;
}

export function createMemory(clock: Clock): Memory {
  // One map a kind: putting both names of a credential together for one map takes longer than both look-ups.
  const entries: Record<CredentialKind, Map<string, Entry>> = {
    access_token: new Map(),
    jsapi_ticket: new Map(),
    wx_card_ticket: new Map(),
  };
  const find = ({ account, kind }: CredentialRef): Entry | undefined => entries[kind].get(account);

  return {
    fresh(credential, now) {
      const entry = find(credential);
      if (entry === undefined || now >= entry.trustedUntil) return undefined;
      entry.servedAt = now;
      return entry.value;
    },

    valid(credential, trustMs) {
      const entry = find(credential);
      const now = clock.monotonic();
      if (entry === undefined || now >= entry.validUntil) return undefined;
      entry.trustedUntil = Math.min(now + trustMs, entry.validUntil);
      entry.servedAt = now;
      return entry.record.value;
    },

    keep(credential, record, { readAt, validUntil, trustedUntil }) {
      const before = find(credential);
      const value = Promise.resolve(record.value);
      entries[credential.kind].set(credential.account, { record, value, validUntil, trustedUntil, servedAt: readAt });
      if (before === undefined || before.record.value === record.value) return undefined;
      const ageMs = record.expiresAt - record.issuedAt - record.remainingMs;
      return Math.max(0, ageMs - (readAt - before.servedAt));
    },

    distrust(credential, value) {
      const entry = find(credential);
      if (entry && (value === undefined || value === entry.record.value)) entry.trustedUntil = 0;
    },
  };
}
