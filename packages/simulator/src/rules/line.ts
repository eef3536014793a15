import type { Issued, Line } from "../state/account.ts";
import { fingerprint } from "./value.ts";

const REMEMBERED = 500;

export interface IssueTerms {
  value: string;
  now: number;
  lifeMs: number;
  /** How long the value before this one stays accepted; undefined: it is not retired at all (tickets). */
  graceMs?: number;
  /** Refuse everything older than the one before this at once. */
  strict?: boolean;
}

/** Returns the line with one more value, and the older ones retired as the terms say. */
export function issue(line: Line, terms: IssueTerms): Line {
  const { value, now, lifeMs, graceMs, strict = false } = terms;
  const older = graceMs === undefined ? line.issued : retire(line.issued, { previousEnds: now + graceMs, now, strict });
  const ordinal = line.count + 1;
  const issued = { ordinal, fp: fingerprint(value), issuedAt: now, expiresAt: now + lifeMs, retiredAt: null };
  return { count: ordinal, value, issued: [...older, issued].slice(-REMEMBERED) };
}

function retire(issued: Issued[], how: { previousEnds: number; now: number; strict: boolean }): Issued[] {
  return issued.map((entry) => {
    if (entry.retiredAt === null) return { ...entry, retiredAt: how.previousEnds };
    return how.strict ? { ...entry, retiredAt: Math.min(entry.retiredAt, how.now) } : entry;
  });
}

/** Returns the line with every value's life ended at `now`. */
export function expireAll(line: Line, now: number): Line {
  const issued = line.issued.map((entry) => ({ ...entry, expiresAt: Math.min(entry.expiresAt, now) }));
  return { ...line, issued };
}

/** Returns the newest value's entry. */
export function newest(line: Line): Issued | undefined {
  return line.issued.at(-1);
}

/** Returns the newest value in clear with its entry while its life lasts. */
export function live(line: Line, now: number): { value: string; entry: Issued } | undefined {
  const entry = newest(line);
  if (entry === undefined || line.value === null || now >= entry.expiresAt) return undefined;
  return { value: line.value, entry };
}

/** Returns the entry of the value with this fingerprint, if this line remembers it. */
export function findIssued(line: Line, fp: string): Issued | undefined {
  return line.issued.findLast((entry) => entry.fp === fp);
}

/** Returns when (epoch ms) WeChat stops accepting the value. */
export function acceptedUntil(entry: Issued): number {
  return Math.min(entry.expiresAt, entry.retiredAt ?? Infinity);
}

/** Returns whether the value is accepted, or else what ended it first: a newer value or its age. */
export function verdictOf(entry: Issued, now: number): "accepted" | "superseded" | "expired" {
  if (now < acceptedUntil(entry)) return "accepted";
  return entry.retiredAt !== null && entry.retiredAt < entry.expiresAt ? "superseded" : "expired";
}
