import { describe, expect, it } from "vitest";
import type { FaultRecord } from "../faults/fault.ts";
import { quietTime } from "./quiet-time.ts";

function fault(from: number, to: number, standing = false): FaultRecord {
  const kind = { kind: "any", lane: "work", losesWrites: false, wipes: false, pauses: false } as const;
  return { ...kind, standing, from, to, took: true, detail: "" };
}

describe("the quiet time of a stretch", () => {
  it.each<[string, FaultRecord[], number]>([
    ["is all of it without faults", [], 20_000],
    ["leaves out a fault and the 2 s after it", [fault(5_000, 6_000)], 17_000],
    ["counts what overlaps once", [fault(5_000, 8_000), fault(6_000, 7_000)], 15_000],
    ["leaves out what began before", [fault(-5_000, 1_000)], 17_000],
    ["leaves out what ends after", [fault(19_000, 30_000)], 19_000],
    ["is nothing when something is wrong all the time", [fault(-1_000, 30_000)], 0],
    ["does not count what stands from the begin of the run to its end", [fault(-1_000, 30_000, true)], 20_000],
    ["is not touched by what was over long before", [fault(-9_000, -8_000)], 20_000],
  ])("%s", (_sentence, faults, quiet) => {
    expect(quietTime(faults, 0, 20_000)).toBe(quiet);
  });
});
