import type { Control } from "@tokenkeeper/core";
import { rowOf, type Facts, type Round } from "@tokenkeeper/ops";
import { healthyFleet, type FleetChange } from "@tokenkeeper/ops/testing";
import { describe, expect, it } from "vitest";
import { conditionsOf } from "./conditions.ts";
import { THRESHOLDS } from "./rules.ts";

const NOW = 1_700_000_000_000;
const MINUTE = 60_000;
const APP = "wx1234567890abcdef";

/** A stable token that lives for another hour and is refreshed in time. */
const HEALTHY: Control = {
  generation: 7,
  committedGeneration: 7,
  committedAt: NOW - 60 * MINUTE,
  issuedAt: NOW - 60 * MINUTE,
  expiresAt: NOW + 60 * MINUTE,
  planAt: NOW + 55 * MINUTE,
  fingerprint: "aaaaaaaaaaaaaaaa",
  failures: 0,
  failedJobs: [],
};

type Change = Partial<Omit<Facts, "control">> & { readonly control?: Partial<Control>; readonly token?: "classic" };

function factsOf({ control, token = "stable" as "classic", ...rest }: Change = {}): Facts {
  return {
    entry: { id: APP, name: "shop", family: "official-account", token, sandbox: false, kinds: ["access_token"] },
    kind: "access_token",
    now: NOW,
    control: { ...HEALTHY, ...control },
    lifeMs: 60 * MINUTE,
    counters: {},
    ...rest,
  };
}

function roundOf(facts: readonly Facts[], fleet: FleetChange = {}): Round {
  return { now: NOW, facts, rows: facts.map((each) => rowOf(each)), fleet: healthyFleet(NOW, fleet) };
}

/** `rule`, or `(rule)` where another incident explains it. */
function found(round: Round): string[] {
  return [...conditionsOf(round, THRESHOLDS)].map(([key, { explained }]) => {
    const [rule = "", , kind = ""] = key.split(":");
    const word = kind === "jsapi_ticket" ? `${rule} of the ticket` : rule;
    return explained ? `(${word})` : word;
  });
}

const block = (name: string, code: string, more: object = {}): Partial<Control> => ({
  block: { class: name as "permanent", code, secret: "s", ...more },
});
const gone: Change = { lifeMs: 0 };

describe("conditionsOf", () => {
  it.each<[string, Change, string[]]>([
    ["a healthy credential", {}, []],
    ["no value", gone, ["TokenMissing", "TokenExpiringSoon"]],
    ["no value, never fetched", { ...gone, control: { generation: 0, committedGeneration: 0 } }, ["TokenMissing"]],
    [
      "a value that is paused and ended",
      { ...gone, paused: { by: "ann", at: 1 } },
      ["TokenMissing", "TokenExpiringSoon"],
    ],
    ["a wait for a person", { control: block("needs_person", "40164", { ip: "203.0.113.7" }) }, ["NeedsPerson"]],
    [
      "a wait for a person before the first value",
      { ...gone, control: { ...block("needs_person", "40164"), committedGeneration: 0 } },
      ["(TokenMissing)", "NeedsPerson"],
    ],
    [
      "a wait for a person that nobody ended in time",
      { ...gone, control: block("needs_person", "40164") },
      ["TokenMissing", "TokenExpiringSoon", "NeedsPerson"],
    ],
    ["a permanent failure", { control: block("permanent", "40125") }, ["PermanentFailure"]],
    ["a cool-down", { control: block("cool_down", "45009", { until: NOW + 1 }) }, ["CoolDown"]],
    ["a cool-down that is over", { control: block("cool_down", "45009", { until: NOW }) }, []],
    [
      "a failure that may pass",
      { control: { failures: 2, failingSince: NOW - 1 }, last: { at: NOW, reason: "due", outcome: "transient" } },
      ["RefreshFailing"],
    ],
    [
      "the same while a person has paused it",
      {
        control: { failures: 2, failingSince: NOW - 1 },
        last: { at: NOW, reason: "due", outcome: "transient" },
        paused: { by: "ann", at: 1 },
      },
      [],
    ],
    ["a value that WeChat refuses and yet returns", { control: { suspect: "aaaaaaaaaaaaaaaa" } }, ["SuspectToken"]],
    ["a suspect value that is not stored any more", { control: { suspect: "bbbbbbbbbbbbbbbb" } }, []],
    ["a foreign fetch", { counters: { foreign: 1 }, control: { foreignAt: NOW - MINUTE } }, ["ForeignRefresh"]],
    ["a foreign fetch of an hour ago", { counters: { foreign: 1 }, control: { foreignAt: NOW - 60 * MINUTE } }, []],
    ["many fetches", { counters: { stable_token: 198 } }, ["QuotaHigh"]],
    ["not so many fetches", { counters: { stable_token: 197 } }, []],
    ["a refresh that nobody makes", { control: { planAt: NOW - 2 * MINUTE } }, ["RefreshOverdue"]],
    [
      "a stable token in its last two minutes that nobody refreshes",
      { lifeMs: MINUTE, control: { planAt: NOW - 2 * MINUTE, expiresAt: NOW + MINUTE } },
      ["TokenExpiringSoon", "RefreshOverdue"],
    ],
    [
      "a stable token in its last two minutes that is refreshed in time",
      { lifeMs: MINUTE, control: { expiresAt: NOW + MINUTE } },
      [],
    ],
    [
      "a classic token in its last half hour whose refreshes fail",
      {
        token: "classic",
        lifeMs: 29 * MINUTE,
        control: { issuedAt: NOW - 91 * MINUTE, expiresAt: NOW + 29 * MINUTE, failures: 1 },
        last: { at: NOW, reason: "due", outcome: "unknown_outcome" },
      },
      ["TokenExpiringSoon", "RefreshFailing"],
    ],
  ])("finds of %s what its rules say", (_what, change, rules) => {
    expect(found(roundOf([factsOf(change)]))).toEqual(rules);
  });

  it.each<[string, FleetChange, string[]]>([
    ["no worker", { workers: [] }, ["NoWorker"]],
    ["stopped schedulers", { schedulers: { count: 2, overdue: 1 } }, ["SchedulerOverdue"]],
    [
      "stopped schedulers without workers",
      { workers: [], schedulers: { count: 2, overdue: 1 } },
      ["NoWorker", "(SchedulerOverdue)"],
    ],
    ["a Redis that evicts", { redis: { policy: "allkeys-lru" } }, ["RedisRisk"]],
    ["a Redis that is nearly full", { redis: { usedBytes: 81, limitBytes: 100 } }, ["RedisRisk"]],
    ["a Redis whose last write failed", { redis: { persistenceOk: false } }, ["RedisRisk"]],
    ["a replica", { redis: { role: "slave" } }, ["RedisRisk"]],
    ["a replica that evicts", { redis: { policy: "allkeys-lru", role: "slave" } }, ["RedisRisk", "RedisRisk"]],
  ])("finds of the fleet with %s what its rules say", (_what, fleet, rules) => {
    expect(found(roundOf([factsOf()], fleet))).toEqual(rules);
  });

  it("has the dead fleet explain what is overdue, and not that apps have no value", () => {
    const facts = factsOf({ ...gone, control: { planAt: NOW - 2 * MINUTE } });

    expect(found(roundOf([facts], { workers: [] }))).toEqual([
      "NoWorker",
      "TokenMissing",
      "(TokenExpiringSoon)",
      "(RefreshOverdue)",
    ]);
  });

  describe("of a ticket", () => {
    const ticket = (change: Change): Facts => ({ ...factsOf(change), kind: "jsapi_ticket" });

    it("is explained by its access token's trouble", () => {
      const token = factsOf({ control: block("needs_person", "40164") });
      const same = ticket({ ...gone, control: block("needs_person", "40164") });

      expect(found(roundOf([token, same]))).toEqual([
        "NeedsPerson",
        "(TokenMissing of the ticket)",
        "(TokenExpiringSoon of the ticket)",
        "(NeedsPerson of the ticket)",
      ]);
    });

    it("stands for itself when the reason is another one, or the access token is well", () => {
      const own = ticket({ control: block("permanent", "48001") });
      const failing = factsOf({
        control: { failures: 1, failingSince: NOW },
        last: { at: NOW, reason: "due", outcome: "transient" },
      });

      expect(found(roundOf([failing, own]))).toEqual(["RefreshFailing", "PermanentFailure of the ticket"]);
      expect(found(roundOf([factsOf(), own]))).toEqual(["PermanentFailure of the ticket"]);
    });

    it.each<[string, Change, string[]]>([
      ["is paused and served", { paused: { by: "ann", at: 1 } }, []],
      ["cools down and is served", { control: block("cool_down", "45009", { until: NOW + 1 }) }, ["CoolDown"]],
      ["waits for a person and is served", { control: block("needs_person", "40164") }, ["NeedsPerson"]],
    ])("that ended is told while its access token %s", (_what, token, rules) => {
      expect(found(roundOf([factsOf(token), ticket(gone)]))).toEqual([
        ...rules,
        "TokenMissing of the ticket",
        "TokenExpiringSoon of the ticket",
      ]);
    });

    it("that ended is told although both cool down with one code, and not when the access token ended too", () => {
      const cooling = block("cool_down", "45009", { until: NOW + 1 });
      const ended = ticket({ ...gone, control: cooling });

      expect(found(roundOf([factsOf({ control: cooling }), ended]))).toEqual([
        "CoolDown",
        "TokenMissing of the ticket",
        "TokenExpiringSoon of the ticket",
        "(CoolDown of the ticket)",
      ]);
      expect(found(roundOf([factsOf({ ...gone, control: cooling }), ended]))).toEqual([
        "TokenMissing",
        "TokenExpiringSoon",
        "CoolDown",
        "(TokenMissing of the ticket)",
        "(TokenExpiringSoon of the ticket)",
        "(CoolDown of the ticket)",
      ]);
    });

    it("that ends soon is explained by an access token that does too, and one that ended is not", () => {
      const soon = { token: "classic", lifeMs: MINUTE, control: { failures: 1, failingSince: NOW } } as const;
      const last = { at: NOW, reason: "due", outcome: "transient" } as const;
      const token = factsOf({ ...soon, last });

      expect(found(roundOf([token, ticket({ ...soon, last })]))).toEqual([
        "TokenExpiringSoon",
        "RefreshFailing",
        "(TokenExpiringSoon of the ticket)",
        "(RefreshFailing of the ticket)",
      ]);
      expect(found(roundOf([token, ticket(gone)]))).toEqual([
        "TokenExpiringSoon",
        "RefreshFailing",
        "TokenMissing of the ticket",
        "(TokenExpiringSoon of the ticket)",
      ]);
    });
  });

  it("keeps what an incident can hold of what somebody wrote into Redis", () => {
    const facts = factsOf({ control: block("needs_person", "x".repeat(500), { ip: "y".repeat(500) }) });
    const named = { ...facts, entry: { ...facts.entry, name: "n".repeat(500) } };

    const [condition] = conditionsOf(roundOf([named]), THRESHOLDS).values();

    expect(condition?.subject?.name).toHaveLength(64);
    expect(condition?.facts.code).toHaveLength(32);
    expect(condition?.facts.ip).toHaveLength(45);
  });
});
