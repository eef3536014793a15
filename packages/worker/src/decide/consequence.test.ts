import {
  createDurations,
  ERRCODES,
  FAILURE_CLASSES,
  failureOf,
  WORD_CODES,
  wordFailure,
  type CallScope,
  type Control,
  type Failure,
} from "@tokenkeeper/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { consequenceOf, type Consequence } from "./consequence.ts";

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NEXT_DAY = NOW + 7 * HOUR;

interface Given {
  readonly failures?: number;
  /** ms since the first failure. */
  readonly failingFor?: number;
  readonly urgent?: boolean;
  readonly random?: number;
  readonly scale?: number;
}

function consequence(
  failure: Failure,
  { failures = 0, failingFor, urgent = false, random = 0.5, scale = 1 }: Given = {},
): Consequence {
  const control: Control = {
    generation: 1,
    committedGeneration: 0,
    failures,
    failedJobs: [],
    ...(failingFor !== undefined && { failingSince: NOW - failingFor }),
  };
  const durations = createDurations(scale);
  return consequenceOf({ failure, control, urgent, now: NOW, nextDayAt: NEXT_DAY, durations, random: () => random });
}

const busy = failureOf(-1, "", "token");

describe("consequenceOf", () => {
  it.each<[string, Failure, Consequence]>([
    [
      "retries what is transient and forgets its intent",
      busy,
      { keepIntent: false, sameJob: true, retryAt: NOW + 2_000 },
    ],
    [
      "keeps the intent of an unknown outcome",
      wordFailure("no_reply"),
      { keepIntent: true, sameJob: true, retryAt: NOW + 2_000 },
    ],
    [
      "keeps the intent of a malformed reply",
      wordFailure("absurd"),
      { keepIntent: true, sameJob: true, retryAt: NOW + 2_000 },
    ],
    [
      "keeps the intent of a value that was not stored",
      wordFailure("not_stored"),
      { keepIntent: true, sameJob: true, retryAt: NOW + 2_000 },
    ],
    [
      "lets a ticket wait for its parent",
      failureOf(40001, "", "ticket"),
      { keepIntent: false, sameJob: false, retryAt: NOW + MINUTE },
    ],
    [
      "blocks for 1 hour after 89507",
      failureOf(89507, "", "token"),
      { keepIntent: false, sameJob: false, block: { until: NOW + HOUR } },
    ],
    [
      "blocks for 24 hours after 89506",
      failureOf(89506, "", "token"),
      { keepIntent: false, sameJob: false, block: { until: NOW + 24 * HOUR } },
    ],
    [
      "blocks a little past midnight in Beijing after 45009",
      failureOf(45009, "", "token"),
      { keepIntent: false, sameJob: false, block: { until: NEXT_DAY + 2.5 * MINUTE } },
    ],
    [
      "checks again in 5 minutes what needs a person",
      failureOf(40164, "", "token"),
      { keepIntent: false, sameJob: false, block: { until: NOW + 5 * MINUTE } },
    ],
    [
      "blocks a permanent failure without an end",
      failureOf(40125, "", "token"),
      { keepIntent: false, sameJob: false, block: {} },
    ],
    [
      "waits a minute and a half at the most after 45011",
      failureOf(45011, "", "token"),
      { keepIntent: false, sameJob: true, retryAt: NOW + 75_000 },
    ],
    [
      "retries a code that nobody knows",
      failureOf(12345678, "", "token"),
      { keepIntent: false, sameJob: true, retryAt: NOW + 2_000 },
    ],
  ])("%s", (_sentence, failure, expected) => {
    expect(consequence(failure)).toEqual(expected);
  });

  it("slows the checks of what needs a person down to one in 30 minutes", () => {
    const waits = [0, 1, 2, 3, 50, 5_000].map(
      (failures) => (consequence(failureOf(40164, "", "token"), { failures }).block?.until ?? 0) - NOW,
    );

    expect(waits).toEqual([5, 10, 20, 30, 30, 30].map((minutes) => minutes * MINUTE));
  });

  it("waits at least as long as the other side wants", () => {
    const patient = (retryAfter: number): number =>
      (consequence({ ...wordFailure("leader_busy"), retryAfter }).retryAt ?? 0) - NOW;

    expect([patient(1), patient(20)]).toEqual([2_000, 20_000]);
  });

  it("waits 60 to 90 s after 45011: the limit per minute ends with the minute", () => {
    const waitWith = (random: number): number =>
      (consequence(failureOf(45011, "", "token"), { random, failures: 9 }).retryAt ?? 0) - NOW;

    expect([waitWith(0), waitWith(1)]).toEqual([60_000, 90_000]);
  });
});

describe("the backoff", () => {
  it("tries densely for the first 4 minutes, then at least 10 minutes apart", () => {
    const waits: number[] = [];
    let failingFor = 0;
    for (let failures = 0; failingFor < 30 * MINUTE; failures += 1) {
      const { retryAt } = consequence(busy, { failures, failingFor });
      waits.push((retryAt ?? 0) - NOW);
      failingFor += (retryAt ?? 0) - NOW;
    }

    const seconds = waits.map((wait) => wait / 1_000);
    expect(seconds).toEqual([2, 4, 8, 15, 20, 25, 30, 30, 30, 30, 30, 30, 660, 660, 660]);
  });

  it("waits 8 s at the most in the first 4 minutes while apps have no valid value", () => {
    const waits = [0, 1, 2, 3, 7].map((failures) => {
      const { retryAt = 0 } = consequence(busy, { failures, failingFor: failures * 8_000, urgent: true });
      return (retryAt - NOW) / 1_000;
    });

    expect(waits).toEqual([2, 4, 8, 8, 8]);
  });

  it("stays with the same job while it is dense and leaves the rest to the plan", () => {
    expect(consequence(busy, { failingFor: 4 * MINUTE - 1 }).sameJob).toBe(true);
    expect(consequence(busy, { failingFor: 4 * MINUTE }).sameJob).toBe(false);
  });

  it("is bounded whatever the count and the chance", () => {
    const given = fc.record({
      failures: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
      failingFor: fc.integer({ min: 0, max: 30 * 24 * HOUR }),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(
      fc.property(given, ({ failures, failingFor, random }) => {
        const wait = (consequence(busy, { failures, failingFor, random }).retryAt ?? 0) - NOW;

        const [least, most] = failingFor < 4 * MINUTE ? [1_500, 37_500] : [10 * MINUTE, 12 * MINUTE];
        expect(wait).toBeGreaterThanOrEqual(least);
        expect(wait).toBeLessThanOrEqual(most);
      }),
    );
  });

  it("has the same shape in compressed time", () => {
    const waitsAt = (scale: number): number[] =>
      [0, 1, 3, 6, 9].flatMap((failures) =>
        [0, 4 * MINUTE].map((failingFor) => {
          const { retryAt } = consequence(busy, { failures, failingFor: failingFor / scale, scale });
          return ((retryAt ?? 0) - NOW) * scale;
        }),
      );

    const compressed = waitsAt(20);

    for (const [index, wait] of waitsAt(1).entries()) {
      // Whole milliseconds are left over from the division.
      expect(Math.abs((compressed[index] ?? 0) - wait)).toBeLessThanOrEqual(20);
    }
  });
});

describe("every row of the errcode table", () => {
  const scopes: readonly CallScope[] = ["token", "ticket"];
  const rows = ERRCODES.flatMap((row) =>
    scopes.filter((scope) => row.on === "any" || row.on === scope).map((scope) => ({ ...row, scope })),
  );

  it.each(rows)("$code on the $scope call is $class and has a consequence", ({ code, scope, class: expected }) => {
    const failure = failureOf(Number(code), "", scope);

    expect(failure).toEqual({ class: expected, code });
    expectConsequence(failure);
  });

  it.each(WORD_CODES)("$code is $class and has a consequence", ({ code, class: expected }) => {
    const failure = wordFailure(code);

    expect(failure).toEqual({ class: expected, code });
    expectConsequence(failure);
  });

  it("covers every class", () => {
    const seen = new Set([...ERRCODES, ...WORD_CODES].map((row) => row.class));

    expect([...seen].toSorted()).toEqual([...FAILURE_CLASSES].toSorted());
  });

  function expectConsequence(failure: Failure): void {
    const { keepIntent, sameJob, retryAt, block } = consequence(failure);
    const known = !["unknown_outcome", "malformed", "storage"].includes(failure.class);
    expect(keepIntent).toBe(!known);
    // Exactly one of the two says when it goes on, and only a permanent block says never.
    expect(retryAt === undefined).toBe(block !== undefined);
    expect(retryAt ?? block?.until ?? Number.POSITIVE_INFINITY).toBeGreaterThan(NOW);
    expect(block !== undefined && block.until === undefined).toBe(failure.class === "permanent");
    expect(sameJob && block !== undefined).toBe(false);
  }
});
