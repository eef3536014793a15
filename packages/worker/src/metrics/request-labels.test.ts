import { wordFailure } from "@tokenkeeper/core";
import { describe, expect, it } from "vitest";
import { familyOf } from "../families/family-of.ts";
import type { WechatRequest } from "../families/family.ts";
import type { WireReply } from "../wechat/reply.ts";
import { endpointLabel, errcodeLabel, resultLabel } from "./request-labels.ts";

const ACCOUNT = {
  id: "wx1234567890abcdef",
  name: "shop",
  type: "official-account",
  secret: { reveal: () => "0123456789abcdef0123456789abcdef" },
  token: "classic",
  fallback: "stable",
  sandbox: false,
  mirrors: [],
  kinds: ["access_token", "jsapi_ticket", "wx_card_ticket"],
} as const;

const body = (fields: object): WireReply => ({ type: "body", body: { ...fields } });

describe("the labels of a request", () => {
  it("name every call that a family makes, as the fetch counters do", () => {
    const family = familyOf(ACCOUNT);
    const recipes = [
      ...ACCOUNT.kinds.map((kind) => family.recipe(ACCOUNT, kind, false)),
      family.recipe(ACCOUNT, "access_token", true),
    ];

    expect(recipes.map((recipe) => endpointLabel(recipe.request("75_parent")))).toEqual(
      recipes.map(({ endpoint }) => endpoint),
    );
    expect(family.probe && endpointLabel(family.probe("75_token"))).toBe("probe");
    expect(family.resetQuota && endpointLabel(family.resetQuota(ACCOUNT))).toBe("reset_quota");
  });

  it("show nothing of a path that is not known", () => {
    const call: WechatRequest = { method: "GET", path: "/v1/accounts/wx1234567890abcdef", query: {} };

    expect(endpointLabel(call)).toBe("other");
  });

  it.each<[string, WireReply, string, string | undefined]>([
    ["a value", body({ access_token: "75_x", expires_in: 7_200 }), "ok", undefined],
    ["a listed code", body({ errcode: 40164 }), "errcode", "40164"],
    ["a code that nobody knows", body({ errcode: 7_654_321 }), "errcode", "other"],
    ["no answer", { type: "failure", failure: wordFailure("no_reply") }, "no_reply", undefined],
  ])("tell %s", (...[, reply, result, errcode]) => {
    expect([resultLabel(reply), errcodeLabel(reply)]).toEqual([result, errcode]);
  });
});
