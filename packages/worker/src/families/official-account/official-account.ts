import { dailyLimitOf, FORCED_A_DAY, HAND_CAP, type Account, type CallScope, type Endpoint } from "@tokenkeeper/core";
import type { CredentialKind } from "@tokenkeeper/shared/contract";
import { readFetch, type FetchReply, type WireReply } from "../../wechat/reply.ts";
import type { Family, Recipe, WechatRequest } from "../family.ts";

/** Official accounts and mini programs: classic and stable access tokens, tickets from the access token. */
export const officialAccountFamily = {
  recipe(account: Account, kind: CredentialKind, useStable: boolean): Recipe {
    if (kind === "jsapi_ticket") return ticketRecipe(kind, "jsapi");
    if (kind === "wx_card_ticket") return ticketRecipe(kind, "wx_card");
    return account.token === "stable" || useStable ? stableRecipe(account) : classicRecipe(account);
  },

  // Source: WeChat, "获取微信API接口 IP 地址"; needs no right, costs nothing else.
  probe: (token: string): WechatRequest => ({
    method: "GET",
    path: "/cgi-bin/get_api_domain_ip",
    query: { access_token: token },
  }),

  // Source: WeChat, "使用 AppSecret 重置 API 调用次数": needs no token, 10 times a month.
  resetQuota: ({ id, secret }: Account): WechatRequest => ({
    method: "POST",
    path: "/cgi-bin/clear_quota/v2",
    query: {},
    body: { appid: id, appsecret: secret.reveal() },
  }),
} satisfies Family;

/** Source: WeChat, "获取 access_token": GET. */
function classicRecipe({ id, secret, sandbox }: Account): Recipe {
  return {
    endpoint: "classic_token",
    scope: "token",
    rotation: "each_fetch",
    ...limitOf("classic_token", sandbox),
    handCap: HAND_CAP,
    read: readerOf("access_token", "token"),
    request: () => ({
      method: "GET",
      path: "/cgi-bin/token",
      query: { grant_type: "client_credential", appid: id, secret: secret.reveal() },
    }),
  };
}

/** Source: WeChat, "获取稳定版接口调用凭据": POST with JSON. */
function stableRecipe({ id, secret }: Account): Recipe {
  const common = {
    scope: "token",
    rotation: "last_minutes",
    read: readerOf("access_token", "token"),
  } as const;
  const requestWith = (force: boolean) => () => ({
    method: "POST" as const,
    path: "/cgi-bin/stable_token",
    query: {},
    body: { grant_type: "client_credential", appid: id, secret: secret.reveal(), force_refresh: force },
  });
  const forced: Recipe = {
    ...common,
    endpoint: "stable_token_forced",
    ...limitOf("stable_token_forced"),
    handCap: FORCED_A_DAY,
    request: requestWith(true),
  };
  return {
    ...common,
    endpoint: "stable_token",
    ...limitOf("stable_token"),
    handCap: HAND_CAP,
    forced,
    request: requestWith(false),
  };
}

function limitOf(endpoint: Endpoint, sandbox = false): { dailyLimit?: number } {
  const dailyLimit = dailyLimitOf(endpoint, sandbox);
  return dailyLimit === undefined ? {} : { dailyLimit };
}

/** Source: WeChat, "JS-SDK 说明文档", appendix 1, and "卡券签名"; the daily limit is not published. */
function ticketRecipe(kind: "jsapi_ticket" | "wx_card_ticket", type: "jsapi" | "wx_card"): Recipe {
  return {
    endpoint: kind,
    scope: "ticket",
    rotation: "own_pace",
    parent: "access_token",
    handCap: HAND_CAP,
    read: readerOf("ticket", "ticket"),
    request: (parentValue) => ({
      method: "GET",
      path: "/cgi-bin/ticket/getticket",
      query: { access_token: parentValue, type },
    }),
  };
}

function readerOf(valueField: "access_token" | "ticket", scope: CallScope): (reply: WireReply) => FetchReply {
  return (reply) => (reply.type === "body" ? readFetch(reply.body, { valueField, scope }) : reply);
}
