// Many scenarios of one seed, several at a time, and the fewest faults of the first one that breaks something.
import * as fc from "fast-check";
import { scenarios, type Scenario } from "./faults.ts";

/** Runs one scenario. @returns what it broke */
export type RunScenario = (scenario: Scenario) => Promise<{ readonly broken: readonly string[] }>;

/** The most faults of one scenario. */
const MOST_FAULTS = 12;
/** Worlds share nothing, and settle their promises together. */
const AT_ONCE = 16;

/** The scenarios of a seed, always the same. */
export function drawScenarios(seed: number, runs: number): Scenario[] {
  return fc.sample(scenarios(MOST_FAULTS), { seed, numRuns: runs });
}

/** @returns nothing when no scenario breaks anything, else all that is needed to see it again. */
export async function findBroken(run: RunScenario, { seed, runs }: { seed: number; runs: number }): Promise<string> {
  const drawn = drawScenarios(seed, runs);
  for (let start = 0; start < drawn.length; start += AT_ONCE) {
    const batch = drawn.slice(start, start + AT_ONCE);
    const results = await Promise.all(batch.map((scenario) => run(scenario)));
    const index = results.findIndex(({ broken }) => broken.length > 0);
    const scenario = batch[index];
    if (scenario) return describe(run, { seed, index: start + index, scenario: await reduce(run, scenario) });
  }
  return "";
}

/** Leaves out one fault after the other as long as something stays broken. */
async function reduce(run: RunScenario, scenario: Scenario): Promise<Scenario> {
  for (const left of scenario.faults) {
    const fewer = { ...scenario, faults: scenario.faults.filter((fault) => fault !== left) };
    if ((await run(fewer)).broken.length > 0) return reduce(run, fewer);
  }
  return scenario;
}

async function describe(
  run: RunScenario,
  { seed, index, scenario }: { seed: number; index: number; scenario: Scenario },
): Promise<string> {
  const { broken } = await run(scenario);
  return [`seed ${seed}, scenario ${index}`, JSON.stringify(scenario), ...broken.slice(0, 8)].join("\n");
}
