import type { Block } from "@tokenkeeper/core";
import { describe, expect, it } from "vitest";
import { useStable } from "./mode.ts";
import type { CredentialState } from "./state.ts";

const NOW = 1_800_000_000_000;
const LEAD = 600_000;
const QUOTA: Block = { class: "cool_down", code: "45009", until: NOW + 3_600_000, secret: "a" };

function stateWith(block: Block | undefined, remainingMs?: number): CredentialState {
  const control = { generation: 1, committedGeneration: 1, failures: 1, failedJobs: [], ...(block && { block }) };
  return { now: NOW, control, used: { automatic: 0, byHand: 0 }, ...(remainingMs !== undefined && { remainingMs }) };
}

describe("useStable", () => {
  it.each<[string, CredentialState, boolean]>([
    ["takes the stable token when the quota is gone and the end is near", stateWith(QUOTA, LEAD), true],
    ["takes the stable token when the quota is gone and there is no value", stateWith(QUOTA), true],
    ["stays classic while the value still lives longer", stateWith(QUOTA, LEAD + 1), false],
    ["stays classic without a cool-down", stateWith(undefined, 1), false],
    ["stays classic when the cool-down is over", stateWith({ ...QUOTA, until: NOW }, 1), false],
    [
      "stays classic when the address is barred: that bar is on every family",
      stateWith({ ...QUOTA, code: "89507" }, 1),
      false,
    ],
    ["stays classic for a failure that needs a person", stateWith({ ...QUOTA, class: "needs_person" }, 1), false],
  ])("%s", (_sentence, state, expected) => {
    expect(useStable(state, LEAD)).toBe(expected);
  });
});
