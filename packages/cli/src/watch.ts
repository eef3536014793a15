import { cursorTo, clearScreenDown } from "node:readline";
import { EXIT, untilToldToStop } from "@tokenkeeper/core";
import { UnavailableError } from "@tokenkeeper/ops";
import { SECOND, systemClock } from "@tokenkeeper/shared/contract";
import { firstRows } from "./first-rows.ts";
import type { Session } from "./session.ts";

/** What one look saw, and how the process would end with it. */
export interface Look {
  readonly text: string;
  readonly code: number;
}

/** From one look to the next, ms. */
const EVERY = 2 * SECOND;

/**
 * Looks again and again until the process is told to end: at a terminal in the same place, elsewhere one below the other.
 * @returns the exit code of the last look. Rejects as the first look does.
 */
export async function watch({ io, print, texts }: Session, look: () => Promise<Look>): Promise<number> {
  const stopping = new AbortController();
  void untilToldToStop(io.signals).then(() => stopping.abort());
  // Once it was reached, a Redis that is away for a while ends nothing.
  const away = (error: unknown): Look => {
    if (error instanceof UnavailableError) return { text: texts.redisAway, code: EXIT.unavailable };
    throw error;
  };
  let seen = await look();
  while (!stopping.signal.aborted) {
    if (io.stdout.isTTY) {
      cursorTo(io.stdout, 0, 0);
      clearScreenDown(io.stdout);
      print(firstRows(seen.text, io.stdout));
    } else print(seen.text);
    await systemClock.sleep(EVERY, stopping.signal);
    if (!stopping.signal.aborted) seen = await look().catch(away);
  }
  return seen.code;
}
