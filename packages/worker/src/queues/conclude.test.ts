import { failureOf, wordFailure } from "@tokenkeeper/core";
import { describe, expect, it } from "vitest";
import type { BlockedBy } from "../decide/decide.ts";
import type { RefreshOutcome } from "../decide/outcome.ts";
import { concludeJob, type ConcludeContext, type JobMove } from "./conclude.ts";

const AT = Date.parse("2026-11-22T12:00:00.000Z");
const ISO = "2026-11-22T12:00:00.000Z";
const CONTEXT: ConcludeContext = { scope: "token", keep: false, byHand: false, lastAttempt: false };
const BY_HAND: ConcludeContext = { ...CONTEXT, keep: true, byHand: true };

const REFRESHED: RefreshOutcome = {
  type: "refreshed",
  reason: "due",
  fingerprint: "0123456789abcdef",
  unchanged: false,
  expiresAt: AT,
  nextAt: AT,
};
const FRESH: RefreshOutcome = { type: "fresh", nextAt: AT };
const WAITING: RefreshOutcome = { type: "waiting", parent: { account: "wx0000000000000001", kind: "access_token" } };
const TROUBLE: RefreshOutcome = {
  type: "failed",
  reason: "due",
  failure: wordFailure("no_reply"),
  sameJob: true,
  retryAt: AT,
};
const REFUSED: RefreshOutcome = {
  type: "failed",
  reason: "due",
  failure: failureOf(40125, "", "token"),
  sameJob: false,
};

const kept = (result: object, keep = true): object => ({ type: "complete", keep, result });

describe("concludeJob", () => {
  it.each<[string, RefreshOutcome, ConcludeContext, object]>([
    [
      "keeps every refresh in the history",
      REFRESHED,
      CONTEXT,
      kept({
        outcome: "refreshed",
        reason: "due",
        unchanged: false,
        fingerprint: "0123456789abcdef",
        expiresAt: ISO,
        nextRefreshAt: ISO,
      }),
    ],
    ["drops a look that found nothing to do", FRESH, CONTEXT, kept({ outcome: "fresh", nextRefreshAt: ISO }, false)],
    [
      "keeps a person's re-run that found nothing to do",
      FRESH,
      BY_HAND,
      kept({ outcome: "fresh", nextRefreshAt: ISO }),
    ],
    [
      "drops a look that waits for its parent",
      WAITING,
      CONTEXT,
      kept({ outcome: "waiting", parent: "access_token" }, false),
    ],
    ["keeps a refresh whose value was not the newest", { type: "fenced" }, CONTEXT, kept({ outcome: "fenced" })],
    [
      "comes back at the end of another's lease",
      { type: "busy", until: AT },
      CONTEXT,
      { type: "delay", until: AT, soon: true },
    ],
    [
      "comes back at the end of another's lease when a person asked, too",
      { type: "busy", until: AT },
      BY_HAND,
      { type: "delay", until: AT, soon: true },
    ],
    [
      "lets a job that came before its time come back at its time",
      { type: "blocked", why: "retry_at", until: AT },
      CONTEXT,
      { type: "delay", until: AT, soon: false },
    ],
    [
      "names no time for a block without an end",
      { type: "blocked", why: "permanent" },
      CONTEXT,
      kept({ outcome: "blocked", why: "permanent" }, false),
    ],
  ])("%s", (...[, outcome, context, move]) => {
    expect(concludeJob(outcome, context)).toEqual(move);
  });

  it.each<[string, RefreshOutcome, ConcludeContext, Partial<JobMove>]>([
    ["tries a passing trouble again", TROUBLE, CONTEXT, { type: "retry", at: AT }],
    ["fails a passing trouble at the job's last attempt", TROUBLE, { ...CONTEXT, lastAttempt: true }, { type: "fail" }],
    ["fails a passing trouble that a person re-ran: a normal job goes on", TROUBLE, BY_HAND, { type: "fail" }],
    ["fails when the plan goes on without the job", { ...TROUBLE, sameJob: false }, CONTEXT, { type: "fail" }],
    ["fails what has no time to come back at", REFUSED, CONTEXT, { type: "fail" }],
  ])("%s, with what happened and what to do", (...[, outcome, context, move]) => {
    const concluded = concludeJob(outcome, context);

    expect(concluded).toMatchObject(move);
    expectOneLineInBothLanguages(concluded);
  });

  it.each<BlockedBy>(["permanent", "cool_down", "needs_person", "budget", "retry_at"])(
    "fails a person's re-run that meets %s, in one line of both languages",
    (why) => {
      const move = concludeJob({ type: "blocked", why, until: AT }, BY_HAND);

      expect(move).toEqual({ type: "fail", message: expect.stringContaining(`blocked · ${why} (${ISO})`) });
      expectOneLineInBothLanguages(move);
    },
  );

  it("shows a refusal's address and request id in the message", () => {
    const errmsg = "invalid ip 203.0.113.7, not in whitelist rid: 65a1b2c3-0f1e2d3c-4b5a6978";
    const failure = failureOf(40164, errmsg, "token");

    const move = concludeJob({ type: "failed", reason: "due", failure, sameJob: false }, CONTEXT);

    expect(move).toMatchObject({
      type: "fail",
      message: expect.stringMatching(/^40164 · ip 203\.0\.113\.7 · rid 65a1b2c3-0f1e2d3c-4b5a6978 \| [^\n]+$/),
    });
  });

  it("tells what a code means on the call that it came from", () => {
    const failure = failureOf(40001, "", "ticket");
    const outcome: RefreshOutcome = { type: "failed", reason: "due", failure, sameJob: false };
    const messageOn = (scope: "token" | "ticket"): unknown => concludeJob(outcome, { ...CONTEXT, scope });

    expect(messageOn("token")).toMatchObject({ message: expect.stringContaining("The secret does not belong") });
    expect(messageOn("ticket")).toMatchObject({
      message: expect.stringContaining("The access token is not the newest"),
    });
  });
});

function expectOneLineInBothLanguages(move: JobMove): void {
  const message = "message" in move ? move.message : "";
  const [, zh, en, ...rest] = message.split(" | ");
  expect(zh).toMatch(/\p{Script=Han}/u);
  expect(en).toMatch(/^[A-Z][^\p{Script=Han}]+$/u);
  expect(rest).toEqual([]);
  expect(message).not.toContain("\n");
}
