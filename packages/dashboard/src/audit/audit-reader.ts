import { auditKey } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { beginning, ending, UnavailableError, type AuditEntry, type AuditResult } from "@tokenkeeper/ops";

/** Entries behind a page in which the ends of its acts are looked for. */
const LOOKAHEAD = 200;
const TRAILS = ["acts", "access"] as const;

/** A part of the audit trail. */
export interface AuditPage {
  /** Newest first. */
  readonly entries: readonly AuditEntry[];
  /** Where the next, older page begins; `undefined` when there is none. */
  readonly older: string | undefined;
}

/** Reads the audit trail. */
export interface AuditReader {
  /**
   * @param before id of an entry: only older ones are read; `undefined`: the newest.
   * @param count how many entries at most
   * @throws UnavailableError when Redis does not answer.
   */
  read(before: string | undefined, count: number): Promise<AuditPage>;
}

type RawEntry = readonly [id: string, fields: readonly string[]];

interface Part {
  readonly entries: readonly AuditEntry[];
  /** Id of the oldest that was read, when there may be more behind it. */
  readonly floor: string | undefined;
}

/** The reader of both streams as one trail. */
export function createAuditReader(redis: Redis): AuditReader {
  async function readTrail(trail: string, before: string | undefined, count: number): Promise<Part> {
    const key = auditKey(trail);
    const [older, newer] = await Promise.all([
      redis.xrevrange(key, before === undefined ? "+" : `(${before}`, "-", "COUNT", count),
      before === undefined ? [] : redis.xrange(key, before, "+", "COUNT", LOOKAHEAD),
    ]);
    return { entries: entriesOf(older, newer), floor: older.length < count ? undefined : older.at(-1)?.[0] };
  }

  return {
    async read(before, count) {
      // Ends stand behind their beginnings and have no line of their own: twice as many are read.
      const parts = await Promise.all(TRAILS.map((trail) => readTrail(trail, before, 2 * count))).catch(refuse);
      const [floor] = parts.flatMap((part) => part.floor ?? []).toSorted(byAge);
      const all = parts
        .flatMap(({ entries }) => entries)
        .filter(({ id }) => floor === undefined || byAge(id, floor) <= 0)
        .toSorted((one, other) => byAge(one.id, other.id));
      // Both streams may have an entry of this id: they stay together.
      const last = all[count - 1]?.id;
      const entries = all.filter(({ id }, index) => index < count || id === last);
      return { entries, older: entries.length < all.length ? last : floor };
    },
  };
}

/** The beginnings among the older entries, each with its end from either. */
function entriesOf(older: readonly RawEntry[], newer: readonly RawEntry[]): AuditEntry[] {
  const ends = new Map<string, AuditResult>();
  for (const [, fields] of [...older, ...newer]) {
    const end = ending.safeParse(recordOf(fields)).data;
    if (end) ends.set(end.of, end.result);
  }
  return older.flatMap(([id, fields]): AuditEntry[] => {
    const begun = beginning.safeParse(recordOf(fields)).data;
    return begun ? [{ ...begun, id, at: Number(id.split("-")[0]), result: ends.get(id) ?? begun.result }] : [];
  });
}

function recordOf(fields: readonly string[]): Record<string, string> {
  const pairs = fields.flatMap((name, index) => (index % 2 === 0 ? [[name, fields[index + 1] ?? ""] as const] : []));
  return Object.fromEntries(pairs);
}

/** Orders ids, newest first. */
function byAge(one: string, other: string): number {
  const [ms = 0, part = 0] = one.split("-").map(Number);
  const [otherMs = 0, otherPart = 0] = other.split("-").map(Number);
  return otherMs - ms || otherPart - part;
}

function refuse(): never {
  throw new UnavailableError("Redis does not answer. Check that it runs and try again.");
}
