import { afterEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "./time.ts";

afterEach(() => vi.useRealTimers());

describe("systemClock", () => {
  it("measures validity on a clock that a jump of the wall clock does not move", () => {
    const before = systemClock.monotonic();

    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 3_600_000 });

    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before);
    expect(systemClock.monotonic() - before).toBeLessThan(60_000);
  });
});
