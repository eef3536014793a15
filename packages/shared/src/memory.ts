import { CREDENTIAL_KINDS, credentialId, type CredentialKind, type CredentialRef } from "./credential.ts";
import type { ReadRecord } from "./store.ts";

/** What this process holds of one credential. Instants are monotonic ms. */
interface Entry {
  readonly record: ReadRecord;
  /** The value is served until then, whatever Redis does. */
  readonly validUntil: number;
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
  /** Makes the next read ask Redis; with `value`, only if that is the one in memory. @param id the credential's */
  distrust(id: string, value?: string): void;
}

/** How long a record may be used. Monotonic ms. */
export interface Life {
  /** When Redis was asked. */
  readonly readAt: number;
  readonly validUntil: number;
  readonly trustedUntil: number;
}

export function createMemory(): Memory {
  // Two ways to the same entry: a read from memory is so short that making an id for it would be a third of it.
  const byKind = new Map<CredentialKind, Map<string, Entry>>(CREDENTIAL_KINDS.map((kind) => [kind, new Map()]));
  const byId = new Map<string, Entry>();

  return {
    fresh({ account, kind }, now) {
      const entry = byKind.get(kind)?.get(account);
      if (entry === undefined || now >= entry.trustedUntil) return undefined;
      entry.servedAt = now;
      return entry.record.value;
    },

    valid({ account, kind }, now, trustMs) {
      const entry = byKind.get(kind)?.get(account);
      if (entry === undefined || now >= entry.validUntil) return undefined;
      entry.trustedUntil = Math.min(now + trustMs, entry.validUntil);
      entry.servedAt = now;
      return entry.record.value;
    },

    keep(credential, record, { readAt, validUntil, trustedUntil }) {
      const id = credentialId(credential);
      const before = byId.get(id);
      const entry = { record, validUntil, trustedUntil, servedAt: readAt };
      byId.set(id, entry);
      byKind.get(credential.kind)?.set(credential.account, entry);
      if (before === undefined || before.record.value === record.value) return undefined;
      const ageMs = record.expiresAt - record.issuedAt - record.remainingMs;
      return Math.max(0, ageMs - (readAt - before.servedAt));
    },

    distrust(id, value) {
      const entry = byId.get(id);
      if (entry && (value === undefined || value === entry.record.value)) entry.trustedUntil = 0;
    },
  };
}
