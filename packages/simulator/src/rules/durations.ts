import type { Context } from "./ruling.ts";

const BEIJING_OFFSET_MS = 8 * 3_600_000;

/** Returns a duration of `seconds` in ms of this simulator's compressed time. */
export function scaledMs(seconds: number, scale: number): number {
  return Math.round((seconds * 1000) / scale);
}

/** Returns `expires_in` for a value that ends at `expiresAt`: real whole seconds, at least 1. */
export function expiresIn(expiresAt: number, now: number): number {
  return Math.max(1, Math.floor((expiresAt - now) / 1000));
}

/** Returns the Beijing date (`2026-11-22`) at which daily quotas are counted; compressed days run through the calendar faster. */
export function beijingDate({ now, scale }: Context): string {
  const date = new Date(now * scale + BEIJING_OFFSET_MS);
  return `${beijingMonth({ now, scale })}-${String(date.getUTCDate()).padStart(2, "0")}`;
}

/** Returns the Beijing month (`2026-11`). */
export function beijingMonth({ now, scale }: Pick<Context, "now" | "scale">): string {
  const date = new Date(now * scale + BEIJING_OFFSET_MS);
  return `${date.getUTCFullYear()}-${String(date.getUTCMonth() + 1).padStart(2, "0")}`;
}

/** Returns the number of the (compressed) minute. */
export function minuteOf({ now, scale }: Context): number {
  return Math.floor((now * scale) / 60_000);
}
