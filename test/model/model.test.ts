// The real engine and the real reader in a simulated world, in any order of events that seeds can bring about.
// MODEL_RUNS=20000 makes it long. A failure prints the seed and the few faults that are needed for it.
import { describe, expect, it } from "vitest";
import { drawScenarios, findBroken } from "./campaign.ts";
import { WHOLE, withoutFence, withoutSettle } from "./designs.ts";
import { runAnything, runPromise } from "./run.ts";

const SEEDS = [1, 20_260_105];
const RUNS = Number(process.env["MODEL_RUNS"] ?? 600) / (2 * SEEDS.length);
const PATIENCE = 60_000 + RUNS * 1_000;

describe("a model of workers, apps, Redis and WeChat", () => {
  it.each(SEEDS)(
    "keeps the promise: no token error reaches an app while one value at a time is lost (seed %i)",
    async (seed) => {
      expect(await findBroken((scenario) => runPromise(scenario), { seed, runs: RUNS })).toBe("");
    },
    PATIENCE,
  );

  it.each(SEEDS)(
    "is never unsafe, and well again after any faults (seed %i)",
    async (seed) => {
      expect(await findBroken((scenario) => runAnything(scenario), { seed, runs: RUNS })).toBe("");
    },
    PATIENCE,
  );

  it("finds out when nothing is settled", async () => {
    const design = { ...WHOLE, store: withoutSettle };

    const broken = await findBroken((scenario) => runPromise(scenario, design), { seed: 1, runs: RUNS });

    expect(broken).toContain("settled too late");
  });

  it("finds out when the fence is missing", async () => {
    const design = { ...WHOLE, store: withoutFence };

    const broken = await findBroken((scenario) => runAnything(scenario, design), { seed: 1, runs: RUNS });

    expect(broken).toContain("an older value replaced a newer one");
  });

  it("is put to the test: every kind of fault strikes, every reason to refresh occurs", async () => {
    const struck = new Set<string>();
    const outcomes = new Set<string>();
    let refused = 0;
    for (const scenario of drawScenarios(10, 80)) {
      const { world } = await runAnything(scenario);
      for (const { fault } of world.struck) struck.add(fault.action.type);
      for (const { outcome, reason } of world.attempts) outcomes.add(`${reason} ${outcome ?? "killed"}`);
      refused += world.calls.filter(({ refusedFirst }) => refusedFirst).length;
    }

    expect(struck.size).toBe(18);
    expect(refused).toBeGreaterThan(10);
    const wanted = ["due refreshed", "due failed", "due killed", "settle_due refreshed", "intent_open refreshed"];
    expect([...outcomes]).toEqual(expect.arrayContaining([...wanted, "missing refreshed", "reported refreshed"]));
  });

  it("gives the same run for the same scenario", async () => {
    const [scenario] = drawScenarios(3, 1);
    if (!scenario) throw new Error("nothing was drawn");

    const [first, second] = [await runAnything(scenario), await runAnything(scenario)];

    expect(first.world.calls).toEqual(second.world.calls);
    expect(first.world.attempts).toEqual(second.world.attempts);
  });
});
