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

/** What Redis may not have synced to its file when it dies, and a margin, ms. */
const UNSYNCED_MS = 1_500;
/** Before a fault that must be alone the ones before it are to be mended, ms. */
const ALONE_AFTER_MS = 2_000;
/** Between the end of a fault and the begin of the next of its lane: what it left gets a moment to be mended, ms. */
const GAPS: Readonly<Record<Lane, readonly [low: number, high: number]>> = { storage: [800, 2_000], work: [200, 800] };

/** Runs the faults of both lanes beside each other: each kind once in an order drawn from the seed, then again in another. */
export async function runFaults({ arena, faults, random, forMs, say }: LanesOptions): Promise<FaultRecord[]> {
  const records: FaultRecord[] = [];
  const until = performance.now() + forMs;
  const underWay = new Set<Promise<void>>();
  const alone: Promise<void>[] = [];

  async function run(fault: Fault, own: Random): Promise<void> {
    const lost = fault.losesWrites ? await arena.unscathed.losing() : undefined;
    const from = Date.now();
    const result = await fault.inject(arena, own).catch((error: unknown) => ({
      took: false,
      detail: `could not be carried out: ${error instanceof Error ? error.message : typeof error}`,
    }));
    await lost?.(from - UNSYNCED_MS);
    say(`${result.took ? "" : "no effect: "}${fault.kind}, ${Date.now() - from} ms, ${result.detail}`);
    const { kind, lane, losesWrites = false, wipes = false, pauses = false } = fault;
    records.push({ kind, lane, losesWrites, wipes, pauses, standing: false, from, to: Date.now(), ...result });
  }

  /** Runs a fault when none that must be alone is under way, and one that must be alone when no other is. */
  async function runInTurn(fault: Fault, own: Random): Promise<void> {
    while (alone.length > 0) await alone[0];
    const turn = (fault.alone ? Promise.all(underWay).then(() => sleep(ALONE_AFTER_MS)) : Promise.resolve())
      .then(() => run(fault, own))
      .finally(() => {
        underWay.delete(turn);
        if (fault.alone) alone.length = 0;
      });
    if (fault.alone) alone.push(turn);
    else underWay.add(turn);
    await turn;
  }

  async function runLane(lane: Lane, choices: Random): Promise<void> {
    const kinds = faults.filter((fault) => fault.lane === lane);
    while (kinds.length > 0) {
      for (const fault of choices.shuffled(kinds)) {
        // What a fault draws must not depend on how long the one before it took.
        const own = choices.fork();
        if (performance.now() >= until) return;
        await runInTurn(fault, own);
        await sleep(own.between(...GAPS[lane]));
      }
    }
  }

  await Promise.all([runLane("storage", random.fork()), runLane("work", random.fork())]);
  return records.toSorted((a, b) => a.from - b.from);
}
