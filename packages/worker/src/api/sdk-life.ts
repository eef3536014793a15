import { MINUTE, SECOND } from "@tokenkeeper/shared/contract";

/** What decides the `expires_in` that an SDK is told. All in ms. */
export interface SdkLife {
  /** How long the value is really valid. */
  readonly remainingMs: number;
  /** How long an SDK may keep it: a value that WeChat rotates at every fetch dies before its time. */
  readonly keepMs: number;
  /** What the SDK takes off. */
  readonly marginMs: number;
}

/** So long an SDK keeps every value that lives that long: an SDK that keeps nothing would ask before every call. */
const SHORTEST_KEEP = MINUTE / SECOND;

/**
 * The `expires_in` for an SDK, in whole seconds, at least 1. An SDK keeps a value for `expires_in` less a margin of its
 * own. Told the bare truth near the end of a value's life it would compute a life of nothing or less, and fail or ask without end; told
 * more it would use a dead value. So the answer is chosen for what the SDK makes of it: it never keeps the value
 * longer than that is good, nor shorter than a minute when that is good for a minute.
 */
export function sdkExpiresIn({ remainingMs, keepMs, marginMs }: SdkLife): number {
  const keep = Math.floor(Math.min(remainingMs, keepMs) / SECOND);
  return Math.max(1, keep, Math.ceil(marginMs / SECOND) + Math.min(keep, SHORTEST_KEEP));
}
