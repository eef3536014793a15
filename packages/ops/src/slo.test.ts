import { decodeControl, CONTROL_FIELDS, type Control } from "@tokenkeeper/core";
import { MINUTE, SECOND } from "@tokenkeeper/shared/contract";
import { describe, expect, it } from "vitest";
import type { Facts } from "./data.ts";
import { sloFigures, sloIncrements, sloLimits, type SloRound } from "./slo.ts";
import { rowOf } from "./view.ts";

const NOW = Date.parse("2026-11-24T04:00:00Z");
const ROUND = 10 * SECOND;
const LIMITS = sloLimits();
const NO_CONTROL = decodeControl(CONTROL_FIELDS.map(() => null));

interface Seen {
  readonly account?: string;
  readonly kind?: Facts["kind"];
  readonly token?: "stable" | "classic";
  readonly control?: Partial<Control>;
  readonly lifeMs?: number;
  readonly lastAt?: number;
  readonly paused?: boolean;
  readonly counters?: Record<string, number>;
}

const HEALTHY: Partial<Control> = { generation: NOW - MINUTE, committedAt: NOW - MINUTE, planAt: NOW + 20 * MINUTE };

/** A round with these credentials. */
function round(now: number, ...seen: readonly Seen[]): SloRound {
  const facts = seen.map(
    ({ account = "wx1", kind = "access_token", token = "classic", control, lifeMs = 90 * MINUTE, ...rest }): Facts => ({
      entry: { id: account, name: account, family: "official-account", token, sandbox: false, kinds: [kind] },
      kind,
      now,
      control: { ...NO_CONTROL, ...HEALTHY, ...control },
      lifeMs,
      counters: rest.counters ?? {},
      ...(rest.lastAt !== undefined && { last: { at: rest.lastAt, reason: "due", outcome: "refreshed" } }),
      ...(rest.paused && { paused: { by: "admin", at: now } }),
    }),
  );
  return { now, facts, rows: facts.map((each) => rowOf(each)) };
}

const between = (before: Seen, after: Seen, passed = ROUND): Partial<Record<string, number>> =>
  sloIncrements(round(NOW, before), round(NOW + passed, after), LIMITS).add;

describe("freshness", () => {
  const cases: [string, [Seen, Seen], number][] = [
    ["counts all of the time when apps have a value at both ends", [{}, {}], ROUND],
    ["counts until the end of a value that nothing took the place of", [{ lifeMs: 3_000 }, { lifeMs: 0 }], 3_000],
    [
      "counts from the commit on when there was no value before",
      [{ lifeMs: 0 }, { control: { committedAt: NOW + 6_000 } }],
      4_000,
    ],
    ["counts nothing when apps have none at either end", [{ lifeMs: 0 }, { lifeMs: 0 }], 0],
    ["never counts more than the time that passed", [{ lifeMs: 0 }, { control: { committedAt: NOW - MINUTE } }], ROUND],
  ];
  it.each(cases)("%s", (_case, [before, after], fresh) => {
    expect(between(before, after)).toMatchObject({ watched_ms: ROUND, fresh_ms: fresh });
  });

  const block = { class: "needs_person", code: "40164", secret: "s" } as const;
  it.each<[string, Seen]>([
    ["paused by a person", { paused: true }],
    ["blocked by its own configuration", { control: { block } }],
    ["fetched by another system too", { counters: { foreign: 1 } }],
    ["never fetched yet", { lifeMs: 0, control: { generation: 0 } }],
  ])("leaves out what is %s, at either end", (_case, seen) => {
    expect(between(seen, {})).toMatchObject({ watched_ms: 0, fresh_ms: 0 });
    expect(between({}, seen)).toMatchObject({ watched_ms: 0, fresh_ms: 0 });
  });

  it("leaves out the ticket of an account whose access token is left out, and no other", () => {
    const seen: Seen[] = [{ control: { block } }, { kind: "jsapi_ticket" }, { account: "wx2", kind: "jsapi_ticket" }];

    const { add } = sloIncrements(round(NOW, ...seen), round(NOW + ROUND, ...seen), LIMITS);

    expect(add.watched_ms).toBe(ROUND);
  });

  it("leaves out what is new in a round", () => {
    const { add } = sloIncrements(round(NOW), round(NOW + ROUND, {}), LIMITS);

    expect(add.watched_ms).toBe(0);
  });
});

describe("timeliness", () => {
  const due: Seen = { control: { planAt: NOW + SECOND } };
  const cases: [string, Seen, object][] = [
    ["in time", { control: { committedAt: NOW + 9 * SECOND } }, { due: 1, timely: 1 }],
    ["late", { control: { committedAt: NOW + 12 * SECOND } }, { due: 1, timely: 0 }],
    ["before it was due", { control: { committedAt: NOW + SECOND - 1 } }, { due: 0, timely: 0 }],
    ["not at all", {}, { due: 0, timely: 0 }],
  ];
  it.each(cases)("counts a refresh that is committed %s", (_case, after, counted) => {
    expect(between(due, after, 20 * SECOND)).toMatchObject(counted);
  });
});

describe("recovery", () => {
  const at = NOW - 12 * SECOND;
  const lost: Seen = { control: { generation: at, intent: { generation: at, at } }, lastAt: at - MINUTE };
  const cases: [string, [Seen, Seen], object][] = [
    ["one that is resumed in time", [lost, { control: { generation: at + 18 * SECOND } }], { lost: 1, resumed: 1 }],
    ["one that is resumed late", [lost, { control: { generation: at + 21 * SECOND } }], { lost: 1, resumed: 0 }],
    ["one that is not resumed yet", [lost, { control: { generation: at } }], { lost: 0, resumed: 0 }],
    [
      "none, its end is known: WeChat did not answer",
      [{ ...lost, lastAt: at + 8 * SECOND }, { control: { generation: at + 15 * SECOND } }],
      { lost: 0, resumed: 0 },
    ],
    [
      "none, it was still under way",
      [
        { control: { generation: NOW - 2_000, intent: { generation: NOW - 2_000, at: NOW - 2_000 } } },
        { control: { generation: NOW + 4_000 } },
      ],
      { lost: 0, resumed: 0 },
    ],
  ];
  it.each(cases)("looks at attempts that were left behind: %s", (_case, [before, after], counted) => {
    expect(between(before, after)).toMatchObject(counted);
  });
});

describe("quota", () => {
  it("is the share below which 99 % of the accounts stay, and takes the place of the one before", () => {
    const accounts = Array.from({ length: 200 }, (_, index): Seen => ({
      account: `wx${index}`,
      counters: { classic_token: index < 198 ? 20 : 300 },
    }));

    expect(sloIncrements(round(NOW), round(NOW + ROUND, ...accounts), LIMITS).set).toEqual({
      quota_ppm: 10_000,
      quota_accounts: 200,
    });
  });

  it("says nothing where WeChat publishes no limit", () => {
    expect(sloIncrements(round(NOW), round(NOW + ROUND, { kind: "jsapi_ticket" }), LIMITS).set).toEqual({});
  });
});

it.each([
  ["twice", 0],
  ["out of order", -ROUND],
  ["after a gap in which nobody watched", 3 * MINUTE],
])("rounds that come %s add nothing", (_case, passed) => {
  expect(between({}, {}, passed)).toEqual({});
});

describe("the figures of 30 days", () => {
  it("are sums over the days, and the worst day of the quota", () => {
    const days = [
      { watched_ms: 1_000, fresh_ms: 1_000, due: 3, timely: 3, quota_ppm: 20_000, quota_accounts: 7 },
      {
        watched_ms: 3_000,
        fresh_ms: 2_000,
        due: 1,
        timely: 0,
        lost: 2,
        resumed: 1,
        quota_ppm: 60_000,
        quota_accounts: 5,
      },
      {},
    ];

    expect(sloFigures(days)).toEqual([
      { slo: "freshness", target: 0.9999, of: 4_000, share: 0.75 },
      { slo: "timeliness", target: 0.999, of: 4, share: 0.75 },
      { slo: "recovery", target: 0.99, of: 2, share: 0.5 },
      { slo: "quota", target: 0.05, of: 5, share: 0.06 },
    ]);
  });

  it("say nothing before anything was counted", () => {
    expect(sloFigures([{}]).map(({ share }) => share)).toEqual([undefined, undefined, undefined, undefined]);
  });
});
