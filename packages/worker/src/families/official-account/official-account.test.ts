import { secretOf, type Account } from "@tokenkeeper/core";
import type { CredentialKind } from "@tokenkeeper/shared/contract";
import { describe, expect, it } from "vitest";
import { officialAccountFamily } from "./official-account.ts";

const SECRET = "5ec7e700000000000000000000000001";
const PARENT = "parent+/%|token";

function recipeOf(
  kind: CredentialKind,
  { useStable = false, ...given }: Partial<Account> & { useStable?: boolean } = {},
) {
  const account: Account = {
    id: "wx0000000000000001",
    name: "shop",
    type: "official-account",
    secret: secretOf(SECRET),
    token: "classic",
    fallback: "stable",
    sandbox: false,
    mirrors: [],
    kinds: ["access_token", "jsapi_ticket", "wx_card_ticket"],
    ...given,
  };
  return officialAccountFamily.recipe(account, kind, useStable);
}

describe("how an access token is obtained", () => {
  it("is a GET with the secret on the classic endpoint", () => {
    const recipe = recipeOf("access_token");

    expect(recipe).toMatchObject({
      endpoint: "classic_token",
      rotation: "each_fetch",
      scope: "token",
      dailyLimit: 2_000,
    });
    expect(recipe.request("")).toEqual({
      method: "GET",
      path: "/cgi-bin/token",
      query: { grant_type: "client_credential", appid: "wx0000000000000001", secret: SECRET },
    });
  });

  it("is limited to 200 a day for a sandbox account", () => {
    expect(recipeOf("access_token", { sandbox: true }).dailyLimit).toBe(200);
  });

  it.each([
    ["by configuration", { token: "stable" }],
    ["while the classic endpoint is barred", { useStable: true }],
  ] as const)("is a POST in JSON on the stable endpoint, never forced, %s", (_when, given) => {
    const recipe = recipeOf("access_token", given);

    expect(recipe).toMatchObject({ endpoint: "stable_token", rotation: "last_minutes", scope: "token" });
    expect(recipe.request("")).toEqual({
      method: "POST",
      path: "/cgi-bin/stable_token",
      query: {},
      body: { grant_type: "client_credential", appid: "wx0000000000000001", secret: SECRET, force_refresh: false },
    });
  });
});

describe("how a ticket is obtained", () => {
  it.each([
    ["jsapi_ticket", "jsapi"],
    ["wx_card_ticket", "wx_card"],
  ] as const)("%s is a GET with the parent's value and type %s", (kind, type) => {
    const recipe = recipeOf(kind, { token: "stable", useStable: true });

    expect(recipe).toMatchObject({
      endpoint: kind,
      rotation: "own_pace",
      scope: "ticket",
      parent: "access_token",
    });
    expect(recipe.request(PARENT)).toEqual({
      method: "GET",
      path: "/cgi-bin/ticket/getticket",
      query: { access_token: PARENT, type },
    });
    const body = { errcode: 0, errmsg: "ok", ticket: "ticket", expires_in: 7_200 };
    expect(recipe.read({ type: "body", body })).toEqual({ type: "value", value: "ticket", lifeMs: 7_200_000 });
  });
});

describe("a probe", () => {
  it("asks for WeChat's addresses, which needs no right", () => {
    expect(officialAccountFamily.probe(PARENT)).toEqual({
      method: "GET",
      path: "/cgi-bin/get_api_domain_ip",
      query: { access_token: PARENT },
    });
  });
});

describe("a recipe", () => {
  it("shows no secret when it is printed", () => {
    expect(JSON.stringify(recipeOf("access_token"))).not.toContain(SECRET);
  });
});
