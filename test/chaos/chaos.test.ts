// The short form of the chaos run. `pnpm chaos` is the long one.
import { randomInt } from "node:crypto";
import { expect, inject, it } from "vitest";
import { runChaos } from "./chaos.ts";
import { headlineOf } from "./headline.ts";
import { reportOf } from "./report.ts";

const SECONDS = 45;

it("keeps its promises for 45 s while everything goes wrong", { timeout: 180_000 }, async () => {
  const seed = Number(process.env["CHAOS_SEED"] ?? randomInt(1_000_000));
  const run = await runChaos({
    seed,
    seconds: SECONDS,
    // The suite shares the machine with other tests.
    callsPerSecond: 25,
    redisServer: inject("redisServer"),
    everyKind: false,
    say: console.log,
  });

  console.log(headlineOf(run));
  if (run.judgement.verdict !== "green") console.log(reportOf(run));
  expect(run.judgement).toMatchObject({ verdict: "green", violations: [] });
});
