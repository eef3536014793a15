import type { Evidence, Finding, Violation } from "./evidence.ts";
import { judgeFetches } from "./fetches.ts";
import { judgeLimits } from "./limits.ts";
import { judgeRecords } from "./records.ts";
import { judgeSchedules } from "./schedules.ts";
import { judgeSecrets } from "./secrets.ts";
import { judgeSurfaced } from "./surfaced.ts";
import { isBusy, judgeValidity, type ValidityRules } from "./validity.ts";

/** `invalid`: the run was no real test, whatever else was found. */
export type Verdict = "green" | "violated" | "invalid";

/** What a run came to. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly violations: readonly Violation[];
  readonly figures: Finding["figures"];
}

const JUDGES = [judgeSurfaced, judgeFetches, judgeRecords, judgeSchedules, judgeSecrets, judgeLimits] as const;

/** Checks every invariant against what was written down. Pure. */
export function judge(evidence: Evidence, rules: ValidityRules): Judgement {
  const findings = JUDGES.map((one) => one(evidence));
  const measured = Object.assign({}, ...findings.map(({ figures }) => figures)) as Finding["figures"];
  const validity = judgeValidity(evidence, measured, rules);
  const violations = findings.flatMap((finding) => finding.violations);
  const verdictOf = (): Verdict => {
    if (violations.length > 0 && !isBusy(evidence)) return "violated";
    return validity.violations.length > 0 ? "invalid" : "green";
  };
  return {
    verdict: verdictOf(),
    violations: [...violations, ...validity.violations],
    figures: { ...measured, ...validity.figures },
  };
}
