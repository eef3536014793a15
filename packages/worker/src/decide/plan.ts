import type { Durations } from "@tokenkeeper/core";

/**
 * How WeChat rotates a value. `each_fetch`: classic token, a new one every time. `last_minutes`: stable token, the same one
 * until its last 5 minutes. `own_pace`: ticket, the same one until WeChat changes it. `at_leader`: whenever the instance that is
 * followed has another one; asking again changes nothing.
 */
export type Rotation = "each_fetch" | "last_minutes" | "own_pace" | "at_leader";

/** A value that WeChat has just returned, beside what was stored before it. Instants are epoch ms by Redis time. */
export interface FetchedValue {
  readonly rotation: Rotation;
  /** When the request was sent. */
  readonly sentAt: number;
  /** The life that WeChat named, ms. */
  readonly lifeMs: number;
  /** When this value was first seen, if the stored value is the same one. */
  readonly unchangedSince?: number;
  /** Another period than the built-in one, ms. */
  readonly refreshEvery?: number;
}

/** When a value ends and when to look at it again. */
export interface Plan {
  readonly expiresAt: number;
  readonly planAt: number;
}

/**
 * Plans the life of a value. The jitter is drawn here once and stored, never when deciding: a decision must not change
 * with every look. It spreads accounts that were started together, so that they do not fetch together for ever.
 */
export function planLife(fetched: FetchedValue, durations: Durations, random: () => number): Plan {
  const expiresAt = expiryOf(fetched, durations);
  const rest = Math.max(0, expiresAt - fetched.sentAt);
  return { expiresAt, planAt: Math.round(fetched.sentAt + delayOf(fetched, { rest, durations, random })) };
}

/** So many looks come before a ticket's end. One that succeeds is enough: what WeChat returns then outlives it. */
const LAST_LOOKS = 3;

/**
 * WeChat names the full life for a ticket although it may be an old one, so an unchanged ticket keeps its first end.
 * Is it still returned near that end, it stays a little longer: what WeChat has just returned is never missing.
 */
function expiryOf(fetched: FetchedValue, durations: Durations): number {
  const { rotation, sentAt, lifeMs } = fetched;
  const named = sentAt + lifeMs;
  if (rotation !== "own_pace") return named;
  const end = firstEndOf(fetched);
  return end - sentAt > LAST_LOOKS * durations.ticketEndCheck ? end : Math.min(named, sentAt + durations.ticketCheck);
}

/** When a ticket should end by what was named when it was first seen; a clock that went back makes it no younger. */
function firstEndOf({ sentAt, lifeMs, unchangedSince }: FetchedValue): number {
  return Math.min(unchangedSince ?? sentAt, sentAt) + lifeMs;
}

function delayOf(
  fetched: FetchedValue,
  { rest, durations, random }: { rest: number; durations: Durations; random: () => number },
): number {
  if (fetched.rotation === "last_minutes") {
    // Earlier than in its last 5 minutes WeChat returns the same token; the jitter moves towards the end, where all retries still fit.
    return Math.max(rest - durations.stableLead + random() * durations.stableJitter, rest / 2);
  }
  if (fetched.rotation === "own_pace" && fetched.unchangedSince !== undefined) {
    // A life of a minute or less must not end before the next look.
    return Math.min(
      ticketDelay(firstEndOf(fetched) - fetched.sentAt, durations),
      Math.max(rest / 2, rest - durations.ticketEndCheck),
    );
  }
  const period = Math.min(fetched.refreshEvery ?? durations.refreshEvery, rest / 2);
  return period * (0.9 + random() * 0.2);
}

/** @param untilEnd ms until an unchanged ticket should end; negative when WeChat keeps it longer. */
function ticketDelay(untilEnd: number, { ticketCheck, ticketEndCheck }: Durations): number {
  if (untilEnd > ticketCheck)
    return Math.min(Math.max(untilEnd / 2, ticketCheck), untilEnd - LAST_LOOKS * ticketEndCheck);
  // The moment at which WeChat should change it is the one to look: until then apps hold the old one.
  return untilEnd > 0 && untilEnd < ticketEndCheck ? untilEnd + ticketEndCheck / 60 : ticketEndCheck;
}
