import { setTimeout as sleep } from "node:timers/promises";
import type { Arena } from "./arena.ts";
import type { Fault, FaultRecord, Lane } from "./faults/fault.ts";
import type { Random } from "./random.ts";

/** What is run, and until when. */
export interface LanesOptions {
  readonly arena: Arena;
  readonly faults: readonly Fault[];
  readonly random: Random;
  /** ms from now after which no fault begins. */
  readonly forMs: number;
  readonly say: (line: string) => void;
}

/** Runs the faults of both lanes beside each other: each kind once in an order drawn from the seed, then again in another. */
export async function runFaults({ arena, faults, random, forMs, say }: LanesOptions): Promise<FaultRecord[]> {
  const records: FaultRecord[] = [];
  const until = performance.now() + forMs;

  async function runLane(lane: Lane, choices: Random): Promise<void> {
    const kinds = faults.filter((fault) => fault.lane === lane);
    while (kinds.length > 0) {
      for (const fault of choices.shuffled(kinds)) {
        // What a fault draws must not depend on how long the one before it took.
        const own = choices.fork();
        if (performance.now() >= until) return;
        const from = Date.now();
        const result = await fault.inject(arena, own).catch((error: unknown) => ({
          took: false,
          detail: `could not be carried out: ${error instanceof Error ? error.message : typeof error}`,
        }));
        say(`${result.took ? "" : "no effect: "}${fault.kind}, ${Date.now() - from} ms, ${result.detail}`);
        const { kind, losesWrites = false, wipes = false, pauses = false } = fault;
        records.push({ kind, lane, losesWrites, wipes, pauses, from, to: Date.now(), ...result });
        await sleep(own.between(200, 700));
      }
    }
  }

  await Promise.all([runLane("storage", random.fork()), runLane("work", random.fork())]);
  return records.toSorted((a, b) => a.from - b.from);
}
