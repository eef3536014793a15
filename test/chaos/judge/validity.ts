import type { Evidence, Finding, Violation } from "./evidence.ts";

/** How much of the planned traffic must have happened. */
const LEAST_CALLS_SHARE = 0.6;
const LEAST_TOOK_SHARE = 0.8;
/** 99th percentile. Runs at 54 ms were green; at 101 ms workers took seconds for what takes milliseconds. */
const MOST_STALL_MS = 80;

/** What makes a run a test at all. */
export interface ValidityRules {
  /** Kinds that must have taken effect at least once. */
  readonly kinds: readonly string[];
}

/** I12: a run whose faults had no effect, with too little traffic or without a scheduled refresh proves nothing. */
export function judgeValidity(evidence: Evidence, figures: Finding["figures"], { kinds }: ValidityRules): Finding {
  const { faults, calls, callsPerSecond, stallMs, from, to } = evidence;
  const violations: Violation[] = [];
  const report = (text: string): void => void violations.push({ invariant: "I12", at: to, text });
  const took = faults.filter((fault) => fault.took).length;
  if (faults.length === 0 || took / faults.length < LEAST_TOOK_SHARE)
    report(`only ${took} of ${faults.length} faults took effect`);
  for (const kind of kinds) {
    if (!faults.some((fault) => fault.kind === kind && fault.took)) report(`"${kind}" never took effect`);
  }
  const wanted = (LEAST_CALLS_SHARE * callsPerSecond * (to - from)) / 1_000;
  if (calls.length < wanted) report(`${calls.length} business calls, at least ${Math.round(wanted)} are needed`);
  if (isBusy(evidence)) report(`the machine was too busy: the runner stood still for ${Math.round(stallMs)} ms`);
  const { broken = 0 } = figures;
  if (broken > calls.length / 1_000) report(`${broken} business calls failed for other reasons`);
  for (const kind of ["dueClassic", "dueStable", "dueJsapi", "dueCard"]) {
    if (!figures[kind]) report(`no refresh came by its plan: ${kind}`);
  }
  return { violations, figures: { faults: faults.length, took, stallMs: Math.round(stallMs) } };
}

/** Deadlines of 1 s say nothing on a machine on which processes wait for each other: nothing that was found then counts. */
export function isBusy({ stallMs }: Evidence): boolean {
  return stallMs > MOST_STALL_MS;
}
