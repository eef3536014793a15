import type { ReadRecord } from "./store.ts";
import type { Clock } from "./time.ts";

/** What this process holds of one credential. Instants are monotonic ms. */
interface Entry {
  readonly record: ReadRecord;
  /** The value is served until then, whatever Redis does. */
  readonly validUntil: number;
  /** The value is served until then without asking Redis. */
  trustedUntil: number;
  servedAt: number;
}

/** The values that this process holds, by credential id. */
export interface Memory {
  /** The value, if Redis need not be asked. */
  fresh(id: string): string | undefined;
  /** The value, if it is valid; it is trusted again for `trustMs`. */
  valid(id: string, trustMs: number): string | undefined;
  /**
   * Keeps what Redis answered.
   * @returns `undefined` unless another value was known before; then how long, in ms and at most, that one was served after the request for
   *   this one was sent.
   */
  keep(id: string, record: ReadRecord, life: Life): number | undefined;
  /** Makes the next read ask Redis; with `value`, only if that is the one in memory. */
  distrust(id: string, value?: string): void;
}

/** How long a record may be used. Monotonic ms. */
export interface Life {
  /** When Redis was asked. */
  readonly readAt: number;
  readonly validUntil: number;
  readonly trustedUntil: number;
}

export function createMemory(clock: Clock): Memory {
  const entries = new Map<string, Entry>();

  return {
    fresh(id) {
      const entry = entries.get(id);
      if (entry === undefined) return undefined;
      const now = clock.monotonic();
      if (now >= entry.trustedUntil) return undefined;
      entry.servedAt = now;
      return entry.record.value;
    },

    valid(id, trustMs) {
      const entry = entries.get(id);
      const now = clock.monotonic();
      if (entry === undefined || now >= entry.validUntil) return undefined;
      entry.trustedUntil = Math.min(now + trustMs, entry.validUntil);
      entry.servedAt = now;
      return entry.record.value;
    },

    keep(id, record, { readAt, validUntil, trustedUntil }) {
      const before = entries.get(id);
      entries.set(id, { record, validUntil, trustedUntil, servedAt: readAt });
      if (before === undefined || before.record.value === record.value) return undefined;
      const ageMs = record.expiresAt - record.issuedAt - record.remainingMs;
      return Math.max(0, ageMs - (readAt - before.servedAt));
    },

    distrust(id, value) {
      const entry = entries.get(id);
      if (entry && (value === undefined || value === entry.record.value)) entry.trustedUntil = 0;
    },
  };
}
