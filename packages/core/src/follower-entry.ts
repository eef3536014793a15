import { z } from "zod";

/** What `wx:followers` holds of an instance that reads its credentials from this one. */
export interface FollowerEntry {
  /** When it last asked for changes, epoch ms by Redis time. */
  readonly lastSeen: number;
  /** Ids of the accounts that follow → when it last asked about each, epoch ms by Redis time. */
  readonly accounts: Readonly<Record<string, number>>;
}

const instant = z.int().min(0);
const entrySchema = z.object({ lastSeen: instant, accounts: z.record(z.string(), instant) });

/** Reads an entry of `wx:followers`; `undefined` when it is not one. */
export function parseFollowerEntry(json: string): FollowerEntry | undefined {
  try {
    return entrySchema.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}
