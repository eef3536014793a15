import { describe, expect, it } from "vitest";
import { countResults, type FinishedModule } from "./support/summary-reporter.ts";

function finished(counts: {
  passed?: number;
  failed?: number;
  fileErrors?: number;
  suiteErrors?: number[];
}): FinishedModule {
  return {
    errors: () => Array.from({ length: counts.fileErrors ?? 0 }),
    children: {
      allTests: (state) => Array.from({ length: counts[state] ?? 0 }),
      allSuites: () => (counts.suiteErrors ?? []).map((length) => ({ errors: () => Array.from({ length }) })),
    },
  };
}

describe("countResults", () => {
  it("adds up the tests of all files", () => {
    const modules = [finished({ passed: 3 }), finished({ passed: 1, failed: 2 })];

    expect(countResults(modules, [])).toEqual({ passed: 4, failed: 2 });
  });

  it("counts a file that could not be imported as one failed", () => {
    expect(countResults([finished({ fileErrors: 1 })], [])).toEqual({ passed: 0, failed: 1 });
  });

  it("counts a suite whose hook failed as one failed, however many errors it has", () => {
    expect(countResults([finished({ passed: 1, suiteErrors: [2, 0] })], [])).toEqual({ passed: 1, failed: 1 });
  });

  it("counts every unhandled error as one failed", () => {
    expect(countResults([finished({ passed: 1 })], ["late", "later"])).toEqual({ passed: 1, failed: 2 });
  });
});
