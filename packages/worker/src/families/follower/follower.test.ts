import { secretOf, wordFailure, type Account } from "@tokenkeeper/core";
import { describe, expect, it } from "vitest";
import type { WireReply } from "../../wechat/reply.ts";
import { followerFamily } from "./follower.ts";
import { changesCall, readChanges, readReport, reportCall } from "./leader-calls.ts";

const KEY = "canary-key-of-43-letters-0123456789-abcdef_";
const ID = "wx0000000000000001";
const ORIGIN = "https://tokens.example.com";

const leader = { origin: ORIGIN, key: secretOf(KEY) };
const account: Account = {
  id: ID,
  name: "shop",
  type: "official-account",
  secret: secretOf(""),
  leader,
  token: "stable",
  fallback: "stable",
  sandbox: false,
  mirrors: [],
  kinds: ["access_token", "jsapi_ticket"],
};

const recipe = followerFamily.recipe(account, "jsapi_ticket", false);
const body = (written: object): WireReply => ({ type: "body", body: { ...written } });
const answered = (status: number, retryAfter?: number): WireReply => ({
  type: "failure",
  failure: wordFailure("http_status"),
  refused: { status, ...(retryAfter !== undefined && { retryAfter }) },
});

describe("how a credential of a follower is obtained", () => {
  it("is a GET at the leader, for tickets without a parent, and the key shows nowhere", () => {
    expect(recipe).toMatchObject({ endpoint: "leader", rotation: "at_leader", scope: "ticket" });
    expect(recipe.parent).toBeUndefined();
    expect(recipe.request("")).toMatchObject({
      method: "GET",
      path: `/v1/accounts/${ID}/credentials/jsapi_ticket`,
      query: {},
      leader: { origin: ORIGIN },
    });
    expect(recipe.request("").leader?.key.reveal()).toBe(KEY);
    expect(JSON.stringify(recipe.request(""))).not.toContain("canary");
  });

  it("never asks WeChat, not even for a probe", () => {
    expect("probe" in followerFamily).toBe(false);
    const { leader: _none, ...lost } = account;
    expect(followerFamily.recipe(lost, "access_token", false).request("").leader?.origin).toBe("");
  });

  it("takes the value and what is left of its life", () => {
    expect(recipe.read(body({ value: "ticket", expiresInSeconds: 71, kind: "jsapi_ticket" }))).toEqual({
      type: "value",
      value: "ticket",
      lifeMs: 71_000,
    });
  });

  it.each<[string, WireReply, object]>([
    ["401", answered(401), { class: "needs_person", code: "leader_key" }],
    ["403", answered(403), { class: "needs_person", code: "leader_key" }],
    ["404", answered(404), { class: "needs_person", code: "leader_scope" }],
    ["429", answered(429, 20), { class: "transient", code: "leader_busy", retryAfter: 20 }],
    ["503", answered(503, 5), { class: "transient", code: "leader_unavailable", retryAfter: 5 }],
    ["an error page", answered(502), { class: "transient", code: "leader_away" }],
    ["a redirect", answered(302), { class: "transient", code: "leader_away" }],
    ["nothing", { type: "failure", failure: wordFailure("no_reply") }, { class: "transient", code: "leader_away" }],
    ["another program's JSON", body({ access_token: "x", expires_in: 7_200 }), { code: "leader_away" }],
    ["no life", body({ value: "x", expiresInSeconds: 0 }), { code: "leader_away" }],
    ["a value of more than one line", body({ value: "x\ny", expiresInSeconds: 9 }), { code: "leader_away" }],
  ])("says what %s means", (_answer, reply, failure) => {
    expect(recipe.read(reply)).toMatchObject({ type: "failure", failure });
  });
});

describe("what else a leader is asked", () => {
  const ref = { account: ID, kind: "access_token" } as const;

  it("is what has changed", () => {
    const call = changesCall(leader, [
      { ref, fingerprint: "0123456789abcdef" },
      { ref: { ...ref, kind: "jsapi_ticket" } },
    ]);

    expect([call.method, call.path]).toEqual(["POST", "/v1/follow"]);
    expect(JSON.parse(JSON.stringify(call.body))).toEqual({
      credentials: [
        { ...ref, fingerprint: "0123456789abcdef" },
        { account: ID, kind: "jsapi_ticket" },
      ],
    });
    expect(readChanges(body({ changed: [ref] }))).toEqual({ type: "changed", refs: [ref] });
    expect(readChanges(body({ changed: "all" }))).toMatchObject({ failure: { code: "leader_away" } });
    expect(readChanges(answered(401))).toMatchObject({ failure: { code: "leader_key" } });
  });

  it("is to judge a report", () => {
    const call = reportCall(account, ref, "0123456789abcdef");

    expect([call.method, call.path]).toEqual(["POST", `/v1/accounts/${ID}/credentials/access_token/report`]);
    expect(call.body).toEqual({ fingerprint: "0123456789abcdef" });
    expect([202, 409, 403, 503].map((status) => readReport(answered(status)))).toEqual([
      "accepted",
      "superseded",
      "denied",
      "failed",
    ]);
  });
});
