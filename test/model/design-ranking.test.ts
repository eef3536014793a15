import { expect, it } from "vitest";
import { measure, MIXES, type Measured } from "./comparison.ts";
import { DESIGNS } from "./designs.ts";

const EXTENT = { accounts: 4, days: 0.5, seed: 5 };

/** The designs under late requests alone, by their first letter. */
async function underLateRequests(): Promise<Record<string, Measured>> {
  const mix = MIXES.find(({ name }) => name.includes("late"));
  if (!mix) throw new Error("there is no mix of late requests");
  const measured = await Promise.all(DESIGNS.map((design) => measure(design, mix, EXTENT)));
  return Object.fromEntries(measured.map((row) => [row.design.charAt(0), row]));
}

it("only settling cures late requests, and only a reader that retries surfaces nothing", async () => {
  const { A, B, C, D, E } = await underLateRequests();

  for (const without of [A, B, C]) expect(without?.rejected).toBeGreaterThan(100);
  expect(D?.rejected).toBeLessThan((C?.rejected ?? 0) / 10);
  expect(E?.surfaced).toBe(0);
}, 120_000);
