import type { RefreshReason } from "./state.ts";

/** Fetches by hand a day. */
export const HAND_CAP = 100;
/** The last fetches of the day's budget are kept for what cannot wait. */
const RESERVED = 48;
const CANNOT_WAIT: readonly RefreshReason[] = ["missing", "expired", "due"];

/** The life that WeChat gives its credentials, ms. Source: WeChat, "获取 access_token". */
const USUAL_LIFE_MS = 7_200_000;
/** Shorter lives than this part of it are absurd, and do not buy more fetches. */
const FASTEST_PACE = 48;

/**
 * How many fetches a day may happen by themselves: 300, or 15 % of WeChat's limit when that is less; a sandbox account's
 * 200 allow 60. A credential that lives shorter than usual is refreshed more often in proportion.
 * @param limit WeChat's fetches a day at the endpoint, when known.
 * @param lifeMs how long the current value was given to live, when known.
 */
export function automaticCap({ limit, lifeMs }: { limit?: number; lifeMs?: number }): number {
  const share = limit === undefined ? Number.POSITIVE_INFINITY : limit === 200 ? 60 : Math.floor(limit * 0.15);
  const pace = Math.min(FASTEST_PACE, Math.max(1, USUAL_LIFE_MS / Math.max(1, lifeMs ?? USUAL_LIFE_MS)));
  return Math.min(Math.ceil(300 * pace), share);
}

/** How many of the day's fetches are there for this reason: the reserve is kept for what cannot wait. */
export function capFor(cap: number, reason: RefreshReason): number {
  return CANNOT_WAIT.includes(reason) ? cap : cap - Math.min(RESERVED, Math.floor(cap / 2));
}
