import { cursorTo, clearScreenDown } from "node:readline";
import { untilToldToStop } from "@tokenkeeper/core";
import { SECOND, systemClock } from "@tokenkeeper/shared/contract";
import type { Session } from "./session.ts";

/** From one look to the next, ms. */
const EVERY = 2 * SECOND;

/**
 * Looks again and again until the process is told to end: at a terminal in the same place, elsewhere one below the other.
 * @returns the exit code of the last look. Rejects as a look does.
 */
export async function watch(
  { io, print }: Session,
  look: () => Promise<{ readonly text: string; readonly code: number }>,
): Promise<number> {
  const stopping = new AbortController();
  void untilToldToStop(io.signals).then(() => stopping.abort());
  let code = 0;
  while (!stopping.signal.aborted) {
    const seen = await look();
    code = seen.code;
    if (io.stdout.isTTY) {
      cursorTo(io.stdout, 0, 0);
      clearScreenDown(io.stdout);
      print(firstLines(seen.text, (io.stdout.rows ?? 24) - 1));
    } else print(seen.text);
    await systemClock.sleep(EVERY, stopping.signal);
  }
  return code;
}

/** What fits on the screen: a longer text would scroll the worst ones away. */
function firstLines(text: string, most: number): string {
  const lines = text.split("\n");
  return lines.length <= most ? text : [...lines.slice(0, most - 1), "…"].join("\n");
}
