import type { RefreshReason } from "./state.ts";

/** The last fetches of the day's budget are kept for what cannot wait. */
const RESERVED = 48;
const CANNOT_WAIT: readonly RefreshReason[] = ["missing", "expired", "due"];

/** How many of the day's fetches are there for this reason: the reserve is kept for what cannot wait. */
export function capFor(cap: number, reason: RefreshReason): number {
  return CANNOT_WAIT.includes(reason) ? cap : cap - Math.min(RESERVED, Math.floor(cap / 2));
}
