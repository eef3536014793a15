import type { Block, Control } from "@tokenkeeper/core";
import { describe, expect, it } from "vitest";
import type { Facts } from "./data.ts";
import type { Level, State } from "./row.ts";
import { rowOf } from "./view.ts";
import { sentencesOf, STATE_WORDS, wordOf } from "./words.ts";

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const FP = "bbbbbbbbbbbbbbbb";

const HEALTHY: Control = {
  generation: 7,
  committedGeneration: 7,
  committedAt: NOW - 10 * MINUTE,
  fingerprint: FP,
  issuedAt: NOW - 10 * MINUTE,
  expiresAt: NOW + 110 * MINUTE,
  planAt: NOW + 20 * MINUTE,
  failures: 0,
  failedJobs: [],
};
const NEEDS_PERSON: Block = {
  class: "needs_person",
  code: "40164",
  until: NOW + 5 * MINUTE,
  secret: "s",
  ip: "203.0.113.7",
  rid: "65a1b2c3-0f1e2d3c-4b5a6978",
};

interface Given {
  readonly control?: Partial<Control>;
  /** @default 110 min; `null`: the dashboard may not ask */
  readonly lifeMs?: number | null;
  readonly facts?: Partial<Facts>;
}

function factsOf({ control, lifeMs = 110 * MINUTE, facts }: Given): Facts {
  return {
    entry: {
      id: "wx1234567890abcdef",
      name: "shop",
      family: "official-account",
      token: "classic",
      sandbox: false,
      kinds: ["access_token"],
    },
    kind: "access_token",
    now: NOW,
    control: { ...HEALTHY, ...control },
    lifeMs: lifeMs ?? undefined,
    counters: {},
    ...facts,
  };
}

const NEVER_BEGUN: Partial<Control> = { generation: 0, committedGeneration: 0, planAt: undefined as never };

describe("the state of a credential", () => {
  it.each<[string, Given, State, Level]>([
    ["a stored value before its planned time", {}, "healthy", "ok"],
    ["a live lease", { control: { lease: { attempt: "a", until: NOW + 5_000 } } }, "refreshing", "ok"],
    ["a lease that ended", { control: { lease: { attempt: "a", until: NOW } } }, "healthy", "ok"],
    ["a lease of a broken clock", { control: { lease: { attempt: "a", until: NOW + 9 * HOUR } } }, "healthy", "ok"],
    ["no value", { lifeMs: 0 }, "missing", "bad"],
    ["an account that was never fetched", { control: NEVER_BEGUN, lifeMs: 0 }, "new", "warn"],
    ["a failure that passes", { control: { failures: 2, retryAt: NOW + MINUTE } }, "retrying", "warn"],
    ["the same without a value", { control: { failures: 2, retryAt: NOW + MINUTE }, lifeMs: 0 }, "retrying", "bad"],
    ["what a person must mend", { control: { failures: 1, block: NEEDS_PERSON } }, "blocked", "bad"],
    ["a wrong secret", { control: { block: { class: "permanent", code: "40125", secret: "s" } } }, "blocked", "bad"],
    [
      "a used-up quota",
      { control: { block: { ...NEEDS_PERSON, class: "cool_down", code: "45009" } } },
      "cooling",
      "warn",
    ],
    ["a ban that ended", { control: { block: { ...NEEDS_PERSON, class: "cool_down", until: NOW } } }, "healthy", "ok"],
    ["a value that WeChat refuses", { control: { reported: { fingerprint: FP, at: NOW } } }, "refused", "bad"],
    [
      "a refusal before the last fetch",
      { control: { reported: { fingerprint: FP, at: NOW - 20 * MINUTE } } },
      "healthy",
      "ok",
    ],
    ["a refusal of another value", { control: { reported: { fingerprint: "c", at: NOW } } }, "healthy", "ok"],
    ["a value that WeChat refuses and returns", { control: { suspect: FP } }, "suspect", "bad"],
    ["a plan that nobody keeps", { control: { planAt: NOW - MINUTE } }, "overdue", "bad"],
    ["a plan whose time has just come", { control: { planAt: NOW - MINUTE + 1 } }, "healthy", "ok"],
    [
      "a plan that is kept right now",
      { control: { planAt: NOW - 5 * MINUTE, lease: { attempt: "a", until: NOW + 5_000 } } },
      "refreshing",
      "ok",
    ],
    ["a paused account", { facts: { paused: { by: "keeper", at: NOW } } }, "paused", "warn"],
    ["a paused account without a value", { facts: { paused: { by: "keeper", at: NOW } }, lifeMs: 0 }, "paused", "bad"],
  ])("%s", (...[, given, state, level]) => {
    expect(rowOf(factsOf(given))).toMatchObject({ state, level });
  });
});

describe("a row", () => {
  it("has life by Redis' word, at the planned end when they agree, so that it does not change with every look", () => {
    const ends = [110 * MINUTE, 110 * MINUTE - 1_500, 30 * MINUTE + 400, null].map(
      (lifeMs) => rowOf(factsOf({ lifeMs })).expiresAt,
    );

    expect(ends).toEqual([NOW + 110 * MINUTE, NOW + 110 * MINUTE, NOW + 30 * MINUTE, NOW + 110 * MINUTE]);
  });

  it("has no life and no fingerprint without a value, though the control state remembers both", () => {
    const row = rowOf(factsOf({ lifeMs: 0 }));

    expect(row.served).toBe(false);
    expect(row).not.toHaveProperty("expiresAt");
    expect(row).not.toHaveProperty("fingerprint");
  });

  it.each<[string, Given, number | undefined]>([
    ["the plan", {}, NOW + 20 * MINUTE],
    ["a settle that comes before it", { control: { settleDue: NOW + MINUTE } }, NOW + MINUTE],
    ["the next retry", { control: { failures: 1, retryAt: NOW + 8_000 } }, NOW + 8_000],
    ["the end of a block", { control: { block: NEEDS_PERSON } }, NOW + 5 * MINUTE],
    [
      "nothing for a wrong secret",
      { control: { block: { class: "permanent", code: "40125", secret: "" } } },
      undefined,
    ],
    ["nothing while it is paused", { facts: { paused: { by: "keeper", at: NOW } } }, undefined],
  ])("has as its next look %s", (...[, given, nextAt]) => {
    expect(rowOf(factsOf(given)).nextAt).toBe(nextAt);
  });

  it.each<[string, Partial<Facts["entry"]>, Facts["kind"], [number, number]]>([
    ["the classic endpoint", {}, "access_token", [12, 300]],
    ["the classic endpoint of a test account", { sandbox: true }, "access_token", [12, 60]],
    ["the stable endpoint", { token: "stable" }, "access_token", [3, 300]],
    ["a ticket", {}, "jsapi_ticket", [2, 300]],
    ["the leader of an account that follows", { follows: true }, "access_token", [7, 20_000]],
    ["the leader of a ticket that follows", { follows: true }, "jsapi_ticket", [7, 20_000]],
  ])("counts the day's fetches of %s and what of it may happen by itself", (...[, entry, kind, [used, cap]]) => {
    const counters = {
      classic_token: 12,
      stable_token: 3,
      jsapi_ticket: 2,
      leader: 7,
      "classic_token:hand": 9,
      foreign: 4,
    };
    const facts = factsOf({ facts: { kind, counters } });

    const row = rowOf({ ...facts, entry: { ...facts.entry, ...entry } });

    expect(row).toMatchObject({ used, cap, foreign: kind === "access_token" ? 4 : 0 });
  });
});

describe("what a row says", () => {
  const saidBy = (given: Given): ReturnType<typeof sentencesOf> => sentencesOf(rowOf(factsOf(given)));

  it("is why it fails and what to do, with the address that WeChat saw, in both languages", () => {
    const { sentence, remedy } = saidBy({ control: { failures: 1, block: NEEDS_PERSON }, lifeMs: 0 });

    expect(sentence.en).toBe(
      "The IP 203.0.113.7 is not on the account's whitelist. Automatic refreshes stand still until somebody acts. Apps have no value.",
    );
    expect(sentence.zh).toBe(
      "IP 203.0.113.7 不在该账号的白名单中。自动刷新已停止，需要人工处理。业务应用没有可用的值。",
    );
    expect(remedy?.en).toContain("Add 203.0.113.7 to the IP whitelist");
    expect(remedy?.zh).toContain("白名单中加入 203.0.113.7");
  });

  it("names the meaning of a code on the call that it came from", () => {
    const last = { at: NOW, reason: "due", outcome: "stale_parent", code: "40001" };
    const on = (kind: Facts["kind"]): string => saidBy({ control: { failures: 1 }, facts: { kind, last } }).sentence.en;

    expect(on("access_token")).toContain("The secret does not belong to this appId");
    expect(on("jsapi_ticket")).toContain("The access token is not the newest");
  });

  it("tells of another system that fetches, although the credential is healthy", () => {
    expect(saidBy({ facts: { counters: { foreign: 2 } } }).remedy?.en).toContain("Another system fetches");
  });

  it("is nothing to do for a healthy one, and nothing of a failure that has passed", () => {
    const last = { at: NOW, reason: "due", outcome: "transient", code: "-1" };

    expect(saidBy({ facts: { last } })).toEqual({ sentence: STATE_WORDS.healthy.sentence });
  });

  it.each(Object.entries(STATE_WORDS))(
    "has a word and a sentence for %s in both languages",
    (_state, { word, sentence }) => {
      for (const text of [word.zh, sentence.zh]) expect(text).toMatch(/\p{Script=Han}/u);
      for (const text of [word.en, sentence.en]) expect(text).toMatch(/^[A-Z]/);
      expect([sentence.en.at(-1), sentence.zh.at(-1)].every((mark) => /[.?。？]/.test(mark ?? ""))).toBe(true);
    },
  );

  it("leaves a word as it is that nobody knows", () => {
    expect(wordOf("some_new_word", "zh")).toBe("some_new_word");
    expect(wordOf("settle_due", "zh")).toBe("补刷");
  });
});
