import { createDurations } from "@tokenkeeper/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planLife, type FetchedValue, type Plan } from "./plan.ts";

const NOW = 1_800_000_000_000;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const LIFE = 2 * HOUR;

interface Given extends Partial<FetchedValue> {
  readonly random?: number;
  readonly scale?: number;
}

function planOf({ random = 0.5, scale = 1, ...fetched }: Given): Plan {
  const given: FetchedValue = { rotation: "each_fetch", sentAt: NOW, lifeMs: LIFE, ...fetched };
  return planLife(given, createDurations(scale), () => random);
}

/** End and next look, ms after the request was sent. */
function after(given: Given): { readonly ends: number; readonly looks: number } {
  const { expiresAt, planAt } = planOf(given);
  return { ends: expiresAt - NOW, looks: planAt - NOW };
}

describe("the plan of a classic token", () => {
  it.each<[string, Given, object]>([
    ["is half an hour, less a tenth at the earliest", { random: 0 }, { ends: LIFE, looks: 27 * MINUTE }],
    ["is half an hour, and a tenth at the latest", { random: 1 }, { ends: LIFE, looks: 33 * MINUTE }],
    ["is half a short life", { lifeMs: 20 * MINUTE }, { ends: 20 * MINUTE, looks: 10 * MINUTE }],
    ["is half of a life of half a minute", { lifeMs: 30 * SECOND }, { ends: 30 * SECOND, looks: 15 * SECOND }],
    ["follows another period", { refreshEvery: 10 * MINUTE }, { ends: LIFE, looks: 10 * MINUTE }],
    ["does not follow a period beyond half the life", { refreshEvery: 90 * MINUTE }, { ends: LIFE, looks: HOUR }],
  ])("%s", (_sentence, given, expected) => {
    expect(after(given)).toEqual(expected);
  });
});

describe("the plan of a stable token", () => {
  const stable = { rotation: "last_minutes" } as const;
  it.each<[string, Given, object]>([
    ["is 290 s before the end at the earliest", { ...stable, random: 0 }, { ends: LIFE, looks: LIFE - 290 * SECOND }],
    ["is 230 s before the end at the latest", { ...stable, random: 1 }, { ends: LIFE, looks: LIFE - 230 * SECOND }],
    [
      "is 290 s before the end of what is left",
      { ...stable, random: 0, lifeMs: HOUR },
      { ends: HOUR, looks: HOUR - 290 * SECOND },
    ],
    [
      "is half of what is left in the last minutes",
      { ...stable, lifeMs: 4 * MINUTE },
      { ends: 4 * MINUTE, looks: 2 * MINUTE },
    ],
    [
      "does not follow another period: earlier WeChat returns the same one",
      { ...stable, random: 0, refreshEvery: MINUTE },
      { ends: LIFE, looks: LIFE - 290 * SECOND },
    ],
    [
      "ends when WeChat says, although the value is known",
      { ...stable, random: 0, unchangedSince: NOW - HOUR, lifeMs: HOUR },
      { ends: HOUR, looks: HOUR - 290 * SECOND },
    ],
  ])("%s", (_sentence, given, expected) => {
    expect(after(given)).toEqual(expected);
  });

  it("is always in the last 5 minutes of a usual life, where WeChat gives a new one", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (random) => {
        const { ends, looks } = after({ ...stable, random });

        expect(ends - looks).toBeLessThan(5 * MINUTE);
        expect(ends - looks).toBeGreaterThanOrEqual(230 * SECOND);
      }),
    );
  });
});

describe("the plan of a ticket", () => {
  const ticket = { rotation: "own_pace" } as const;
  /** The same ticket, which has this long until the end that was named when it was new. */
  const unchanged = (untilEnd: number): Given => ({ ...ticket, unchangedSince: NOW + untilEnd - LIFE });

  it.each<[string, Given, object]>([
    ["is half an hour for a new one", ticket, { ends: LIFE, looks: 30 * MINUTE }],
    [
      "is half of the rest for one that came back unchanged, which keeps its end",
      unchanged(HOUR),
      { ends: HOUR, looks: 30 * MINUTE },
    ],
    ["is 5 minutes at the least before the last 5", unchanged(8 * MINUTE), { ends: 8 * MINUTE, looks: 5 * MINUTE }],
    ["leaves three minutes before the end", unchanged(5.5 * MINUTE), { ends: 5.5 * MINUTE, looks: 2.5 * MINUTE }],
    ["is a minute in the last 5", unchanged(4 * MINUTE), { ends: 4 * MINUTE, looks: MINUTE }],
    [
      "gives 5 minutes more to one that is returned in the last 3 minutes: two looks may still fail",
      unchanged(3 * MINUTE),
      { ends: 5 * MINUTE, looks: MINUTE },
    ],
    [
      "gives 5 minutes more to one that is still returned at the end",
      unchanged(MINUTE),
      { ends: 5 * MINUTE, looks: MINUTE },
    ],
    ["looks just after the moment of the change", unchanged(30 * SECOND), { ends: 5 * MINUTE, looks: 31 * SECOND }],
    [
      "gives 5 minutes more, again and again, to one that outlives its end",
      unchanged(-HOUR),
      { ends: 5 * MINUTE, looks: MINUTE },
    ],
  ])("%s", (_sentence, given, expected) => {
    expect(after(given)).toEqual(expected);
  });

  it("never lets a ticket end that WeChat returns for ever, nor asks more than once a minute in the long run", () => {
    let [sentAt, looks, lastEnd] = [NOW, 0, Number.POSITIVE_INFINITY];
    const gaps: number[] = [];
    const firstSeen = NOW;
    while (sentAt < NOW + 4 * HOUR) {
      gaps.push(lastEnd - sentAt);
      const unchangedSince = looks === 0 ? {} : { unchangedSince: firstSeen };
      const { expiresAt, planAt } = planOf({ ...ticket, sentAt, ...unchangedSince });
      [sentAt, looks, lastEnd] = [planAt, looks + 1, expiresAt];
    }

    expect(Math.min(...gaps)).toBeGreaterThan(0);
    expect(looks).toBeLessThan(150);
  });
});

describe("any plan", () => {
  const given = fc.record({
    rotation: fc.constantFrom<FetchedValue["rotation"]>("each_fetch", "last_minutes", "own_pace"),
    lifeMs: fc.integer({ min: 1, max: 7_200 }).map((seconds) => seconds * SECOND),
    seenAgo: fc.option(fc.integer({ min: -HOUR, max: 48 * HOUR }), { nil: undefined }),
    refreshEvery: fc.option(fc.integer({ min: MINUTE, max: 24 * HOUR }), { nil: undefined }),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    scale: fc.constantFrom(1, 20, 60),
  });

  it("looks again after the request and before the end, and what WeChat has just returned lives, no longer than it named", () => {
    fc.assert(
      fc.property(given, ({ rotation, lifeMs, seenAgo, refreshEvery, random, scale }) => {
        const { expiresAt, planAt } = planOf({
          rotation,
          lifeMs,
          random,
          scale,
          ...(seenAgo !== undefined && { unchangedSince: NOW - seenAgo }),
          ...(refreshEvery !== undefined && { refreshEvery }),
        });

        expect(planAt).toBeGreaterThan(NOW);
        expect(planAt).toBeLessThan(expiresAt);
        expect(expiresAt).toBeLessThanOrEqual(NOW + lifeMs);
        expect(Number.isSafeInteger(planAt) && Number.isSafeInteger(expiresAt)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it("has the same shape in compressed time", () => {
    const shapes = (scale: number): number[] =>
      (["each_fetch", "last_minutes", "own_pace"] as const).flatMap((rotation) => {
        const { ends, looks } = after({ rotation, scale, lifeMs: LIFE / scale });
        return [ends * scale, looks * scale];
      });

    const real = shapes(1);

    for (const [index, compressed] of shapes(20).entries()) {
      expect(Math.abs(compressed - (real[index] ?? 0))).toBeLessThanOrEqual(20);
    }
  });
});
