import { z } from "zod";

/** What `wx:followers` holds of an instance that reads its credentials from this one. */
export interface FollowerEntry {
  /** When it last asked for changes, epoch ms by the clock of the worker that it asked. */
  readonly lastSeen: number;
  /** Ids of the accounts that follow, in order. */
  readonly accounts: readonly string[];
}

const entrySchema = z.object({ lastSeen: z.int().min(0), accounts: z.array(z.string()) });

/** Reads an entry of `wx:followers`; `undefined` when it is not one. */
export function parseFollowerEntry(json: string): FollowerEntry | undefined {
  try {
    return entrySchema.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}
