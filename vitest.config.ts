import { defineConfig } from "vitest/config";
import { LongFirst } from "./test/support/long-first.ts";

const CHAOS = "test/chaos/chaos.test.ts";

export default defineConfig({
  test: {
    globalSetup: ["test/support/global-setup.ts"],
    reporters: ["default", "./test/support/summary-reporter.ts"],
    pool: "forks",
    // More than cores: most tests wait most of the time.
    maxWorkers: 4,
    sequence: { sequencer: LongFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: "suite",
          include: ["packages/*/src/**/*.test.ts", "test/**/*.test.ts"],
          exclude: ["**/node_modules/**", CHAOS],
          sequence: { groupOrder: 1 },
        },
      },
      // Alone at the end: it starts a dozen processes, whose deadlines say nothing on a machine that runs other tests.
      { extends: true, test: { name: "chaos", include: [CHAOS], sequence: { groupOrder: 2 } } },
    ],
  },
});
