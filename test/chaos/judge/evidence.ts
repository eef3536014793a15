import type { LogEvent } from "@tokenkeeper/simulator";
import type { FaultRecord } from "../faults/fault.ts";
import type { ChaosCredential } from "../population.ts";
import type { ReaderLine } from "../reader-log.ts";
import type { Sample } from "../sampler.ts";

/** A line of a worker's log, with the time at which it came to the runner, epoch ms. */
export interface WorkerLine {
  readonly at: number;
  readonly worker: string;
  readonly msg: string;
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Everything that was written down during a run; it is judged from this alone. Times are epoch ms. */
export interface Evidence {
  readonly seed: number;
  /** When all healthy credentials were there and the readers and faults began, and when the last was looked at. */
  readonly from: number;
  readonly to: number;
  readonly credentials: readonly ChaosCredential[];
  readonly faults: readonly FaultRecord[];
  /** WeChat's log. */
  readonly wechat: readonly LogEvent[];
  readonly workers: readonly WorkerLine[];
  readonly calls: readonly ReaderLine[];
  readonly samples: readonly Sample[];
  readonly forced: readonly { readonly at: number; readonly credential: string }[];
  /** When worker processes were killed, with the time of their last sign of life before. */
  readonly kills: readonly number[];
  readonly unexpectedEnds: readonly string[];
  /** What stands in the queues at the end. */
  readonly queues: QueueEvidence;
  /** Every output and every key that is not a record, by its place. */
  readonly outputs: readonly { readonly place: string; readonly text: string }[];
  /** What must not stand in them. */
  readonly canaries: readonly string[];
  readonly callsPerSecond: number;
  /** How long the runner, which has little to do, was kept from running: the 99th percentile, ms. */
  readonly stallMs: number;
  /** Kinds of fault that could not be tried on this machine. */
  readonly skipped: readonly string[];
}

/** The queues at the end. */
export interface QueueEvidence {
  /** Healthy credentials that are to be refreshed later and have no job that waits, is delayed or runs. */
  readonly withoutJob: readonly string[];
  /** Ids of the job schedulers, with the time of the next run. */
  readonly schedulers: readonly { readonly id: string; readonly next: number }[];
  readonly failed: number;
  readonly events: number;
}

/** Something that must not be. */
export interface Violation {
  /** `I1` … `I12` of the project's list of invariants. */
  readonly invariant: string;
  /** Epoch ms. */
  readonly at: number;
  readonly credential?: string;
  readonly text: string;
}

/** What one invariant came to: its violations and the figures that it measured. */
export interface Finding {
  readonly violations: readonly Violation[];
  readonly figures: Readonly<Record<string, number>>;
}
