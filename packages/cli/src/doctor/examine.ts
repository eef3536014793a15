import { CHECKS } from "./checks/all-checks.ts";
import type { DoctorFacts } from "./doctor-facts.ts";
import type { Finding, FindingLevel } from "./finding.ts";

/** What all checks have to say. */
export interface Diagnosis {
  /** The worst. */
  readonly level: Exclude<FindingLevel, "skipped">;
  readonly checks: readonly { readonly name: string; readonly findings: readonly Finding[] }[];
}

/** Judges the facts. Pure. */
export function examine(facts: DoctorFacts): Diagnosis {
  const checks = CHECKS.map((check) => ({ name: check.name, findings: check.judge(facts) }));
  const levels = new Set(checks.flatMap(({ findings }) => findings.map(({ level }) => level)));
  const level = levels.has("problem") ? "problem" : levels.has("warning") ? "warning" : "ok";
  return { level, checks };
}
