// Ends every test run with the line `N passed, N failed`.
import { writeSync } from "node:fs";
import type { Reporter } from "vitest/node";

/** What a finished run looks like from outside; vitest's `TestModule` fits it. */
export interface FinishedModule {
  /** Import errors, failed hooks outside tests. */
  errors(): readonly unknown[];
  readonly children: {
    allTests(state: "passed" | "failed"): Iterable<unknown>;
    allSuites(): Iterable<{ errors(): readonly unknown[] }>;
  };
}

/** Counts tests; a file or suite that failed outside its tests and every unhandled error count as one failed each. */
export function countResults(
  modules: readonly FinishedModule[],
  unhandledErrors: readonly unknown[],
): { readonly passed: number; readonly failed: number } {
  let passed = 0;
  let failed = unhandledErrors.length;
  for (const module of modules) {
    passed += [...module.children.allTests("passed")].length;
    failed += [...module.children.allTests("failed")].length;
    for (const group of [module, ...module.children.allSuites()]) failed += group.errors().length > 0 ? 1 : 0;
  }
  return { passed, failed };
}

/** Writes its line when the process exits, so that nothing of vitest follows it. */
// oxlint-disable-next-line import/no-default-export -- vitest loads a reporter file by its default export
export default function createSummaryReporter(): Reporter {
  let results = { passed: 0, failed: 1 };
  return {
    onInit() {
      process.once("exit", () => writeSync(1, `${results.passed} passed, ${results.failed} failed\n`));
    },
    onTestRunEnd(modules, unhandledErrors, reason) {
      const counted = countResults(modules, unhandledErrors);
      const hidden = reason !== "passed" && counted.failed === 0;
      results = hidden ? { ...counted, failed: 1 } : counted;
    },
  };
}
