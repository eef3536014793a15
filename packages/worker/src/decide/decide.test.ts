import { HAND_CAP, type Block, type Control } from "@tokenkeeper/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, reasonToRefresh, type DecideInput, type Decision } from "./decide.ts";
import type { CredentialState } from "./state.ts";

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const MIDNIGHT = NOW + 5 * HOUR;
const SECRET = "aaaaaaaaaaaaaaaa";
const ENDPOINT = "classic_token";
const FP = "bbbbbbbbbbbbbbbb";

/** A credential that is stored, planned and untroubled. */
const HEALTHY: Control = {
  generation: 7,
  committedGeneration: 7,
  committedAt: NOW - 10 * MINUTE,
  fingerprint: FP,
  valueSince: NOW - 10 * MINUTE,
  issuedAt: NOW - 10 * MINUTE,
  expiresAt: NOW + 110 * MINUTE,
  planAt: NOW + 20 * MINUTE,
  failures: 0,
  failedJobs: [],
};

const COOL_DOWN: Block = { class: "cool_down", code: "45009", until: NOW + HOUR, secret: ENDPOINT };
const NEEDS_PERSON: Block = { class: "needs_person", code: "40164", until: NOW + HOUR, secret: SECRET };
const PERMANENT: Block = { class: "permanent", code: "40125", secret: SECRET };

interface Situation {
  readonly control?: Partial<Control>;
  /** `null`: Redis holds no record. */
  readonly remainingMs?: number | null;
  readonly used?: Partial<CredentialState["used"]>;
  readonly byHand?: boolean;
  readonly forced?: boolean;
  readonly secret?: string;
  readonly endpoint?: string;
  readonly paused?: boolean;
}

function inputOf({
  control,
  remainingMs = 110 * MINUTE,
  used,
  byHand = false,
  forced = false,
  secret,
  endpoint,
  paused,
}: Situation): DecideInput {
  return {
    state: {
      now: NOW,
      control: { ...HEALTHY, ...control },
      used: { automatic: 0, byHand: 0, ...used },
      ...(remainingMs !== null && { remainingMs }),
      ...(paused && { paused }),
    },
    rules: {
      secret: secret ?? SECRET,
      endpoint: endpoint ?? ENDPOINT,
      automaticCap: 300,
      handCap: HAND_CAP,
      forceSpacingMs: 30_000,
      leaseMs: 15_000,
    },
    byHand,
    forced,
    nextDayAt: MIDNIGHT,
  };
}

const refresh = (reason: string): Partial<Decision> => ({ type: "refresh", reason }) as Partial<Decision>;
const blocked = (why: string, until?: number): object => ({ type: "blocked", why, ...(until && { until }) });

function followsTable(table: Record<string, Situation & { readonly gives: object }>): void {
  it.each(Object.entries(table))("%s", (_sentence, { gives, ...situation }) => {
    expect(decide(inputOf(situation))).toEqual(gives);
  });
}

describe("the reasons to refresh", () => {
  followsTable({
    "a stored value before its planned time is fresh": { gives: { type: "fresh", nextAt: NOW + 20 * MINUTE } },
    "a value that was never stored is missing": {
      control: { expiresAt: undefined as never, planAt: NOW + MINUTE },
      remainingMs: null,
      gives: refresh("missing"),
    },
    "a value that vanished before its end is missing": { remainingMs: null, gives: refresh("missing") },
    "a value whose end has come is expired": {
      control: { expiresAt: NOW },
      remainingMs: null,
      gives: refresh("expired"),
    },
    "an open intent is a reason although the value looks fresh": {
      control: { intent: { generation: 8, at: NOW - MINUTE } },
      gives: refresh("intent_open"),
    },
    "a settling refresh is due at its time": { control: { settleDue: NOW }, gives: refresh("settle_due") },
    "a settling refresh before its time is no reason yet": {
      control: { settleDue: NOW + MINUTE },
      gives: { type: "fresh", nextAt: NOW + MINUTE },
    },
    "a report about the stored value after its commit counts": {
      control: { reported: { fingerprint: FP, at: NOW - MINUTE } },
      gives: refresh("reported"),
    },
    "a report about another value costs nothing": {
      control: { reported: { fingerprint: "cccccccccccccccc", at: NOW - MINUTE } },
      gives: { type: "fresh", nextAt: NOW + 20 * MINUTE },
    },
    "a report that is older than the commit costs nothing": {
      control: { reported: { fingerprint: FP, at: NOW - 11 * MINUTE } },
      gives: { type: "fresh", nextAt: NOW + 20 * MINUTE },
    },
    "a value is due at its planned time": { control: { planAt: NOW }, gives: refresh("due") },
    "a value without a plan is due": { control: { planAt: undefined as never }, gives: refresh("due") },
  });
});

describe("when a fresh credential is looked at next", () => {
  followsTable({
    "at the plan, when that comes first": {
      control: { settleDue: NOW + HOUR },
      gives: { type: "fresh", nextAt: NOW + 20 * MINUTE },
    },
    "at the settling refresh, when that comes first": {
      control: { settleDue: NOW + MINUTE },
      gives: { type: "fresh", nextAt: NOW + MINUTE },
    },
    "at the end of the value, when the plan lies behind it": {
      control: { planAt: NOW + 9 * HOUR },
      remainingMs: 3 * MINUTE,
      gives: { type: "fresh", nextAt: NOW + 3 * MINUTE },
    },
  });
});

describe("the order of the reasons", () => {
  const everything: CredentialState = {
    now: NOW,
    used: { automatic: 0, byHand: 0 },
    control: {
      ...HEALTHY,
      expiresAt: NOW - 1,
      intent: { generation: 8, at: NOW - MINUTE },
      settleDue: NOW - 1,
      reported: { fingerprint: FP, at: NOW - 1 },
      planAt: NOW - 1,
    },
  };

  it("names the most urgent first, and the next one as each is taken away", () => {
    const present: CredentialState = { ...everything, remainingMs: MINUTE };
    const { intent: _intent, ...noIntent } = present.control;
    const { settleDue: _settle, ...noSettle } = noIntent;
    const { reported: _reported, ...noReport } = noSettle;

    const reasons = [
      everything,
      { ...everything, control: { ...everything.control, expiresAt: NOW + 1 } },
      present,
      { ...present, control: noIntent },
      { ...present, control: noSettle },
      { ...present, control: noReport },
      { ...present, control: { ...noReport, planAt: NOW + 1 } },
    ].map(reasonToRefresh);

    expect(reasons).toEqual(["expired", "missing", "intent_open", "settle_due", "reported", "due", undefined]);
  });
});

describe("what stands in the way", () => {
  const due = { planAt: NOW };
  followsTable({
    "a permanent failure blocks without an end": { control: { ...due, block: PERMANENT }, gives: blocked("permanent") },
    "a permanent failure blocks a missing value too": {
      control: { block: PERMANENT },
      remainingMs: null,
      gives: blocked("permanent"),
    },
    "a quota that is used up at another endpoint blocks nothing": {
      control: { ...due, block: COOL_DOWN },
      endpoint: "stable_token",
      gives: refresh("due"),
    },
    "a bar of the address holds for every endpoint": {
      control: { ...due, block: { ...COOL_DOWN, code: "89507" } },
      endpoint: "stable_token",
      gives: blocked("cool_down", NOW + HOUR),
    },
    "a permanent failure of another secret blocks nothing": {
      control: { ...due, block: PERMANENT },
      secret: "dddddddddddddddd",
      gives: refresh("due"),
    },
    "another secret does not wait for the retry of the old one": {
      control: { ...due, block: PERMANENT, retryAt: NOW + MINUTE },
      secret: "dddddddddddddddd",
      gives: refresh("due"),
    },
    "a cool-down blocks until its end": {
      control: { ...due, block: COOL_DOWN },
      gives: blocked("cool_down", NOW + HOUR),
    },
    "a cool-down blocks a missing value too": {
      control: { block: COOL_DOWN },
      remainingMs: null,
      gives: blocked("cool_down", NOW + HOUR),
    },
    "a cool-down is WeChat's about the account and the address: another secret does not lift it": {
      control: { ...due, block: COOL_DOWN },
      secret: "dddddddddddddddd",
      gives: blocked("cool_down", NOW + HOUR),
    },
    "a cool-down whose end has come blocks nothing": {
      control: { ...due, block: { ...COOL_DOWN, until: NOW } },
      gives: refresh("due"),
    },
    "what needs a person blocks until its slow re-check": {
      control: { ...due, block: NEEDS_PERSON },
      gives: blocked("needs_person", NOW + HOUR),
    },
    "what needs a person is checked again at its time": {
      control: { ...due, block: { ...NEEDS_PERSON, until: NOW } },
      gives: refresh("due"),
    },
    "what needed a person with another secret blocks nothing": {
      control: { ...due, block: NEEDS_PERSON },
      secret: "dddddddddddddddd",
      gives: refresh("due"),
    },
    "a used-up budget blocks until Beijing's midnight": {
      control: due,
      used: { automatic: 300 },
      gives: blocked("budget", MIDNIGHT),
    },
    "the last 48 fetches are there for a value that is due": {
      control: due,
      used: { automatic: 299 },
      gives: refresh("due"),
    },
    "the last 48 fetches are not there for a report": {
      control: { reported: { fingerprint: FP, at: NOW } },
      used: { automatic: 252 },
      gives: blocked("budget", MIDNIGHT),
    },
    "the last fetch before the reserve is there for a report": {
      control: { reported: { fingerprint: FP, at: NOW } },
      used: { automatic: 251 },
      gives: refresh("reported"),
    },
    "the fetches by hand do not use up the automatic budget": {
      control: due,
      used: { byHand: HAND_CAP },
      gives: refresh("due"),
    },
    "an attempt waits for its retry": {
      control: { ...due, retryAt: NOW + MINUTE },
      gives: blocked("retry_at", NOW + MINUTE),
    },
    "an attempt whose retry has come goes on": { control: { ...due, retryAt: NOW }, gives: refresh("due") },
    "a used-up budget does not make a fresh value blocked": {
      used: { automatic: 300 },
      gives: { type: "fresh", nextAt: NOW + 20 * MINUTE },
    },
    "a pending retry does not make a fresh value blocked": {
      control: { retryAt: NOW + MINUTE },
      gives: { type: "fresh", nextAt: NOW + 20 * MINUTE },
    },
  });
});

describe("a paused account", () => {
  followsTable({
    "is left alone although its value is due": { paused: true, control: { planAt: NOW }, gives: blocked("paused") },
    "is left alone although its value is missing": { paused: true, remainingMs: null, gives: blocked("paused") },
    "is not planned": { paused: true, gives: blocked("paused") },
    "is left alone by a person's re-run": { paused: true, byHand: true, remainingMs: null, gives: blocked("paused") },
    "is left alone by a forced refresh": { paused: true, byHand: true, forced: true, gives: blocked("paused") },
  });
});

describe("the order of what stands in the way", () => {
  const retryAt = NOW + MINUTE;
  followsTable({
    "permanent comes before the budget": {
      control: { planAt: NOW, block: PERMANENT, retryAt },
      used: { automatic: 300 },
      gives: blocked("permanent"),
    },
    "a cool-down comes before the budget": {
      control: { planAt: NOW, block: COOL_DOWN, retryAt },
      used: { automatic: 300 },
      gives: blocked("cool_down", NOW + HOUR),
    },
    "the budget comes before the retry": {
      control: { planAt: NOW, retryAt },
      used: { automatic: 300 },
      gives: blocked("budget", MIDNIGHT),
    },
    "the retry comes before another's lease": {
      control: { planAt: NOW, retryAt, lease: { attempt: "other", until: NOW + 5_000 } },
      gives: blocked("retry_at", retryAt),
    },
    "another's lease comes before the fetch": {
      control: { planAt: NOW, lease: { attempt: "other", until: NOW + 5_000 } },
      gives: { type: "busy", until: NOW + 5_000 },
    },
  });
});

describe("the lease of another", () => {
  followsTable({
    "is waited for while it lives": {
      control: { planAt: NOW, lease: { attempt: "other", until: NOW + 15_000 } },
      gives: { type: "busy", until: NOW + 15_000 },
    },
    "is void when it ends further ahead than its own length": {
      control: { planAt: NOW, lease: { attempt: "other", until: NOW + 15_001 } },
      gives: refresh("due"),
    },
    "is over at its end": {
      control: { planAt: NOW, lease: { attempt: "other", until: NOW } },
      gives: refresh("due"),
    },
    "does not keep a fresh value from being fresh": {
      control: { lease: { attempt: "other", until: NOW + 5_000 } },
      gives: { type: "fresh", nextAt: NOW + 20 * MINUTE },
    },
  });
});

describe("a re-run by hand", () => {
  followsTable({
    "passes a permanent failure": {
      control: { planAt: NOW, block: PERMANENT },
      byHand: true,
      gives: refresh("due"),
    },
    "passes what needs a person": {
      control: { planAt: NOW, block: NEEDS_PERSON },
      byHand: true,
      gives: refresh("due"),
    },
    "passes a pending retry": { control: { planAt: NOW, retryAt: NOW + MINUTE }, byHand: true, gives: refresh("due") },
    "never passes a cool-down": {
      control: { planAt: NOW, block: COOL_DOWN },
      byHand: true,
      gives: blocked("cool_down", NOW + HOUR),
    },
    "never passes the budget by hand": {
      control: { planAt: NOW },
      used: { byHand: HAND_CAP },
      byHand: true,
      gives: blocked("budget", MIDNIGHT),
    },
    "has a budget of its own": {
      control: { planAt: NOW },
      used: { automatic: 300, byHand: HAND_CAP - 1 },
      byHand: true,
      gives: refresh("due"),
    },
    "waits for another's lease": {
      control: { planAt: NOW, lease: { attempt: "other", until: NOW + 5_000 } },
      byHand: true,
      gives: { type: "busy", until: NOW + 5_000 },
    },
    "ends fresh when nothing is to be done": {
      control: { block: PERMANENT },
      byHand: true,
      gives: { type: "fresh", nextAt: NOW + 20 * MINUTE },
    },
  });
});

describe("a forced refresh", () => {
  const forced = { byHand: true, forced: true };
  followsTable({
    "is made although the value is fresh": { ...forced, gives: refresh("forced") },
    "is more than the refresh that is due": { ...forced, control: { planAt: NOW }, gives: refresh("forced") },
    "passes what needs a person": { ...forced, control: { block: NEEDS_PERSON }, gives: refresh("forced") },
    "never passes a cool-down": {
      ...forced,
      control: { block: COOL_DOWN },
      gives: blocked("cool_down", NOW + HOUR),
    },
    "never passes the budget by hand": {
      ...forced,
      used: { byHand: HAND_CAP },
      gives: blocked("budget", MIDNIGHT),
    },
    "keeps away from the one before it": {
      ...forced,
      control: { forced: { at: NOW - 10_000, job: "1" } },
      gives: blocked("force_spacing", NOW + 20_000),
    },
    "comes right after the spacing": {
      ...forced,
      control: { forced: { at: NOW - 30_000, job: "1" } },
      gives: refresh("forced"),
    },
    "takes no notice of one that lies ahead": {
      ...forced,
      control: { forced: { at: NOW + HOUR, job: "1" } },
      gives: refresh("forced"),
    },
    "waits for another's lease": {
      ...forced,
      control: { lease: { attempt: "other", until: NOW + 5_000 } },
      gives: { type: "busy", until: NOW + 5_000 },
    },
  });

  it("does not keep a refresh away that is due", () => {
    const control = { planAt: NOW, forced: { at: NOW - 1_000, job: "1" } };

    expect(decide(inputOf({ control }))).toEqual(refresh("due"));
  });
});

describe("any state", () => {
  const instant = fc.integer({ min: NOW - 24 * HOUR, max: NOW + 24 * HOUR });
  const situations = fc.record({
    planAt: fc.option(instant, { nil: undefined }),
    settleDue: fc.option(instant, { nil: undefined }),
    expiresAt: fc.option(instant, { nil: undefined }),
    retryAt: fc.option(instant, { nil: undefined }),
    intentAt: fc.option(instant, { nil: undefined }),
    leaseUntil: fc.option(instant, { nil: undefined }),
    remainingMs: fc.option(fc.integer({ min: 1, max: 2 * HOUR }), { nil: undefined }),
    automatic: fc.integer({ min: 0, max: 400 }),
  });

  it("is fresh just when there is no reason, and is never looked at again in the past", () => {
    fc.assert(
      fc.property(situations, ({ remainingMs, automatic, intentAt, leaseUntil, ...times }) => {
        const given = Object.entries(times).filter(([, value]) => value !== undefined);
        const control: Control = {
          generation: 7,
          committedGeneration: 7,
          failures: 0,
          failedJobs: [],
          ...Object.fromEntries(given),
          ...(intentAt !== undefined && { intent: { generation: 8, at: intentAt } }),
          ...(leaseUntil !== undefined && { lease: { attempt: "other", until: leaseUntil } }),
        };
        const state = { now: NOW, control, used: { automatic, byHand: 0 }, ...(remainingMs && { remainingMs }) };

        const decision = decide({ ...inputOf({}), state });

        expect(nextInstantOf(decision)).toBeGreaterThan(NOW);
        expect(decision.type === "fresh").toBe(reasonToRefresh(state) === undefined);
      }),
    );
  });
});

function nextInstantOf(decision: Decision): number {
  if (decision.type === "refresh") return Number.POSITIVE_INFINITY;
  return (decision.type === "fresh" ? decision.nextAt : decision.until) ?? 0;
}
