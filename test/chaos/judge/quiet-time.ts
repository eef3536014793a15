import type { FaultRecord } from "../faults/fault.ts";

/** What a fault broke (connections, the queue's blocking reads) needs a moment to come back, ms. */
const AFTERMATH_MS = 2_000;

/**
 * How much of a stretch of time no fault was under way: what has to be mended can be mended only then.
 * @param from epoch ms, as `to`
 * @returns ms
 */
export function quietTime(faults: readonly FaultRecord[], from: number, to: number): number {
  let quiet = 0;
  let at = from;
  // What goes wrong from the begin to the end of the run is no hindrance to the others.
  const passing = faults.filter((fault) => !fault.standing).toSorted((a, b) => a.from - b.from);
  for (const fault of passing) {
    if (fault.to + AFTERMATH_MS <= at) continue;
    if (fault.from >= to) break;
    quiet += Math.max(0, fault.from - at);
    at = fault.to + AFTERMATH_MS;
  }
  return quiet + Math.max(0, to - at);
}
