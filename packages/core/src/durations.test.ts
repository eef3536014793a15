import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beijingDate, conflictsOf, createDurations, nextBeijingMidnight, type Durations } from "./durations.ts";

const HOUR = 3_600_000;
const instants = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2060, 0) });

describe("conflictsOf", () => {
  it("finds nothing wrong with our own durations", () => {
    expect(conflictsOf(createDurations(1))).toEqual([]);
  });

  it.each<[string, Partial<Durations>]>([
    ["the HTTP deadline must be shorter than the lease", { http: 15_000 }],
    ["the reader cache must be shorter than WeChat's overlap", { readerCache: 300_000 }],
    ["what an SDK keeps, the reader cache, the followers' check, the HTTP deadline and", { sdkKeep: 162_000 }],
    ["the followers' check, the HTTP deadline and the reader cache must together be shorter", { followCheck: 22_000 }],
    ["lock + two stalled checks + lease + HTTP deadline + reader cache + margin must fit", { jobLock: 200_000 }],
    ["the dense retries must fit into the stable token's last 5 minutes", { denseRetry: 290_000 }],
  ])("says that %s", (sentence, change) => {
    const conflicts = conflictsOf({ ...createDurations(1), ...change });

    expect(conflicts).toContainEqual(expect.stringContaining(sentence));
  });
});

describe("createDurations", () => {
  it("divides by the scale, to whole milliseconds of at least 1", () => {
    const real = createDurations(1);
    const most = Object.entries(createDurations(1e9)) as [keyof Durations, number][];

    expect(real).toMatchObject({ lease: 15_000, http: 8_000, tick: 60_000, sweep: 10_000, refreshEvery: 1_800_000 });
    expect(createDurations(60)).toMatchObject({ tick: 1_000, sweep: 167, refreshEvery: 30_000 });
    expect(most.filter(([name, ms]) => !Number.isInteger(ms) || ms < 1 || ms > real[name])).toEqual([]);
  });
});

describe("the day in Beijing", () => {
  it.each([
    ["2026-03-01T15:59:59.999Z", "2026-03-01", "2026-03-01T16:00:00.000Z"],
    ["2026-03-01T16:00:00.000Z", "2026-03-02", "2026-03-02T16:00:00.000Z"],
    ["2026-12-31T16:00:00.000Z", "2027-01-01", "2027-01-01T16:00:00.000Z"],
  ])("at %s is %s and ends at %s", (now, date, midnight) => {
    expect(beijingDate(Date.parse(now))).toBe(date);
    expect(new Date(nextBeijingMidnight(Date.parse(now))).toISOString()).toBe(midnight);
  });

  it("ends within 24 hours, at the instant at which the date changes", () => {
    fc.assert(
      fc.property(instants, (now) => {
        const midnight = nextBeijingMidnight(now);
        expect(midnight).toBeGreaterThan(now);
        expect(midnight - now).toBeLessThanOrEqual(24 * HOUR);
        expect(beijingDate(midnight - 1)).toBe(beijingDate(now));
        expect(beijingDate(midnight)).not.toBe(beijingDate(now));
      }),
    );
  });
});
