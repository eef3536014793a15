import type { Clock } from "./time.ts";

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Lets `ms` pass; whoever slept until then wakes. */
  advance(ms: number): void;
}

/** @param startAt epoch ms. @default 2026-01-01T00:00:00Z */
export function createFakeClock(startAt: number = Date.UTC(2026, 0, 1)): FakeClock {
  let passed = 0;
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();

  return {
    now: () => startAt + passed,
    monotonic: () => passed,

    sleep(ms, signal) {
      return new Promise((resolve) => {
        if (ms <= 0 || signal?.aborted) return resolve();
        const wake = (): void => {
          sleepers.delete(sleeper);
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        const sleeper = { until: passed + ms, wake };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", wake);
      });
    },

    advance(ms) {
      passed += ms;
      for (const sleeper of sleepers) if (sleeper.until <= passed) sleeper.wake();
    },
  };
}
