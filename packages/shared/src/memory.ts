import { CREDENTIAL_KINDS, type CredentialKind, type CredentialRef } from "./credential.ts";
import { fingerprint } from "./fingerprint.ts";
import type { ReadRecord } from "./store.ts";

/** What this process holds of one credential. Instants are monotonic ms. */
interface Entry {
  readonly record: ReadRecord;
  /** The value is served until then, whatever Redis does. */
  validUntil: number;
  /** The value is served until then without asking Redis. */
  trustedUntil: number;
  servedAt: number;
}

/** The values that this process holds. `now` is monotonic ms. */
export interface Memory {
  /** The value, if Redis need not be asked. */
  fresh(credential: CredentialRef, now: number): string | undefined;
  /** The value, if it is valid; it is trusted again for `trustMs`. */
  valid(credential: CredentialRef, now: number, trustMs: number): string | undefined;
  /**
   * Keeps what Redis answered.
   * @returns `undefined` unless another value was known before; then how long, in ms and at most, that one was served after the request for
   *   this one was sent.
   */
  keep(credential: CredentialRef, record: ReadRecord, life: Life): number | undefined;
  /** Makes the next read ask Redis; with `value`, only if that is the one in memory. */
  distrust(credential: CredentialRef, value: string): void;
  /** Makes the next read ask Redis. A token in memory of another fingerprint than the hint's is a replaced one. */
  hear(credential: CredentialRef, hint: Hint): void;
  /** Until when the value is served at most; 0 when there is none. */
  validUntil(credential: CredentialRef): number;
}

/** That Redis holds another record. Monotonic ms. */
export interface Hint {
  /** Of that record's value. */
  readonly fp: string | undefined;
  /** When the token that it replaces dies at the earliest. */
  readonly replacedUntil: number;
}

/** How long a record may be used. Monotonic ms. */
export interface Life {
  /** When Redis was asked. */
  readonly readAt: number;
  readonly validUntil: number;
  readonly trustedUntil: number;
}

export function createMemory(): Memory {
  // One map a kind: a read from memory is so short that making an id for it would be a third of it.
  const entries = new Map<CredentialKind, Map<string, Entry>>(CREDENTIAL_KINDS.map((kind) => [kind, new Map()]));

  return {
    fresh({ account, kind }, now) {
      const entry = entries.get(kind)?.get(account);
      if (entry === undefined || now >= entry.trustedUntil) return undefined;
      entry.servedAt = now;
      return entry.record.value;
    },

    valid({ account, kind }, now, trustMs) {
      const entry = entries.get(kind)?.get(account);
      if (entry === undefined || now >= entry.validUntil) return undefined;
      entry.trustedUntil = Math.min(now + trustMs, entry.validUntil);
      entry.servedAt = now;
      return entry.record.value;
    },

    keep({ account, kind }, record, { readAt, validUntil, trustedUntil }) {
      const before = entries.get(kind)?.get(account);
      entries.get(kind)?.set(account, { record, validUntil, trustedUntil, servedAt: readAt });
      if (before === undefined || before.record.value === record.value) return undefined;
      const ageMs = record.expiresAt - record.issuedAt - record.remainingMs;
      return Math.max(0, ageMs - (readAt - before.servedAt));
    },

    distrust({ account, kind }, value) {
      const entry = entries.get(kind)?.get(account);
      if (entry && value === entry.record.value) entry.trustedUntil = 0;
    },

    hear({ account, kind }, { fp, replacedUntil }) {
      const entry = entries.get(kind)?.get(account);
      if (!entry) return;
      entry.trustedUntil = 0;
      // WeChat takes tickets until their end. A hint is also sent for the very value that is held, and must not shorten it.
      const replaced = kind === "access_token" && fp !== undefined && fp !== fingerprint(entry.record.value);
      if (replaced) entry.validUntil = Math.min(entry.validUntil, replacedUntil);
    },

    validUntil: ({ account, kind }) => entries.get(kind)?.get(account)?.validUntil ?? 0,
  };
}
