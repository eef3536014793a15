import type { DoctorFacts, FleetFacts } from "./doctor-facts.ts";
import { skipped, type Finding } from "./finding.ts";

/** One thing that is looked at. Pure: same facts, same findings. */
export interface Check {
  /** Kebab-case; scripts know it by this name. */
  readonly name: string;
  /** @returns one finding or more */
  judge(facts: DoctorFacts): readonly Finding[];
}

/** A check of what only Redis can tell. */
export function fleetCheck(name: string, judge: (facts: FleetFacts) => readonly Finding[]): Check {
  return {
    name,
    judge: ({ fleet }) =>
      fleet ? judge(fleet) : skipped("Redis does not tell: see above.", "Redis 未给出信息，见上。"),
  };
}
