// One run of a scenario, and what it says of itself when something is broken.
import { ANYTHING, createAssumptions } from "./assumptions.ts";
import { WHOLE, type Design } from "./designs.ts";
import { FAULTS_UNTIL, type Scenario } from "./faults.ts";
import { brokenInvariants, brokenPromises } from "./invariants.ts";
import { createWorld, type World } from "./world.ts";

/** After the last fault all must be well again within this time, ms: a sparse retry, and WeChat's overlap. */
const AFTERMATH = 16 * 60_000;

/** Runs a scenario under the assumptions of the first promise. @returns what was broken */
export async function runPromise(
  scenario: Scenario,
  design: Design = WHOLE,
): Promise<{ world: World; broken: string[] }> {
  const world = createWorld({ scenario, assumptions: createAssumptions, design, faultsUntil: FAULTS_UNTIL });
  await world.run(FAULTS_UNTIL + AFTERMATH);
  return { world, broken: await brokenPromises(world) };
}

/** Runs a scenario in which every fault strikes. @returns what was broken */
export async function runAnything(
  scenario: Scenario,
  design: Design = WHOLE,
): Promise<{ world: World; broken: string[] }> {
  const world = createWorld({ scenario, assumptions: () => ANYTHING, design, faultsUntil: FAULTS_UNTIL });
  await world.run(FAULTS_UNTIL + AFTERMATH);
  return { world, broken: await brokenInvariants(world) };
}
