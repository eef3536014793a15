import type { Arena } from "../arena.ts";
import type { Random } from "../random.ts";

/** Where a fault strikes. One of each lane runs at a time, so at most two overlap. */
export type Lane = "storage" | "work";

/** What a fault came to. */
export interface FaultResult {
  /** Whether it had the effect that it is there for. */
  readonly took: boolean;
  readonly detail: string;
}

/** Something that goes wrong, and is over when `inject` returns. */
export interface Fault {
  readonly kind: string;
  readonly lane: Lane;
  /** Values and leases that Redis had acknowledged may be gone after it. */
  readonly losesWrites?: true;
  /** Redis has forgotten everything after it. */
  readonly wipes?: true;
  /** A worker is paused during it: what it had begun may still be under way when another begins. */
  readonly pauses?: true;
  /** Nothing else goes wrong during it: what cures it at once needs all the rest. */
  readonly alone?: true;
  inject(arena: Arena, random: Random): Promise<FaultResult>;
}

/** One fault as it happened. Times are epoch ms. */
export interface FaultRecord extends FaultResult {
  readonly kind: string;
  readonly lane: Lane;
  readonly losesWrites: boolean;
  readonly wipes: boolean;
  readonly pauses: boolean;
  /** It goes on from the begin of the run to its end. */
  readonly standing: boolean;
  readonly from: number;
  readonly to: number;
}
