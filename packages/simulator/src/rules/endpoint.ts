import type { Params, Rule } from "./ruling.ts";
import { apiDomainIp, callbackIp, decryptCardCode, templateMessage, uploadMedia, userInfo } from "./business.ts";
import { classicToken } from "./classic-token.ts";
import { clearQuota, quotaGet } from "./quota-calls.ts";
import { stableToken } from "./stable-token.ts";
import { getTicket, ticketType } from "./ticket.ts";

/** Call names as faults and the event log use them; `getticket` alone is one without a known type. */
export const CALLS = [
  "token",
  "stable_token",
  "getticket",
  "getticket:jsapi",
  "getticket:wx_card",
  "user/info",
  "message/template/send",
  "media/upload",
  "card/code/decrypt",
  "get_api_domain_ip",
  "getcallbackip",
  "quota/get",
  "clear_quota/v2",
] as const;
export type Call = (typeof CALLS)[number];

export interface Endpoint {
  path: string;
  method: "GET" | "POST";
  /** What points to the account: the appid beside the secret, or the access token. */
  bearer: "secret" | "token";
  /** The kind of credential it fetches; calls that fetch none have no kind. */
  kind?: "access_token" | "ticket";
  /** Its body is a form, given to the rule as it came; the other parameters stand in the query. */
  form?: true;
  call: Call;
  rule: Rule;
}

export const ENDPOINTS: readonly Endpoint[] = [
  { call: "token", method: "GET", path: "/cgi-bin/token", bearer: "secret", kind: "access_token", rule: classicToken },
  {
    call: "stable_token",
    method: "POST",
    path: "/cgi-bin/stable_token",
    bearer: "secret",
    kind: "access_token",
    rule: stableToken,
  },
  {
    call: "getticket",
    method: "GET",
    path: "/cgi-bin/ticket/getticket",
    bearer: "token",
    kind: "ticket",
    rule: getTicket,
  },
  { call: "user/info", method: "GET", path: "/cgi-bin/user/info", bearer: "token", rule: userInfo },
  {
    call: "message/template/send",
    method: "POST",
    path: "/cgi-bin/message/template/send",
    bearer: "token",
    rule: templateMessage,
  },
  {
    call: "media/upload",
    method: "POST",
    path: "/cgi-bin/media/upload",
    bearer: "token",
    form: true,
    rule: uploadMedia,
  },
  { call: "card/code/decrypt", method: "POST", path: "/card/code/decrypt", bearer: "token", rule: decryptCardCode },
  { call: "get_api_domain_ip", method: "GET", path: "/cgi-bin/get_api_domain_ip", bearer: "token", rule: apiDomainIp },
  { call: "getcallbackip", method: "GET", path: "/cgi-bin/getcallbackip", bearer: "token", rule: callbackIp },
  { call: "quota/get", method: "POST", path: "/cgi-bin/openapi/quota/get", bearer: "token", rule: quotaGet },
  { call: "clear_quota/v2", method: "POST", path: "/cgi-bin/clear_quota/v2", bearer: "secret", rule: clearQuota },
];

export interface WireRequest {
  method: string;
  query: URLSearchParams;
  body: string;
}

/** Returns a call's parameters, or WeChat's errcode: 43001/43002 wrong method, 47001 a body that is no JSON object. */
export function readParams(endpoint: Endpoint, request: WireRequest): Params | number {
  if (request.method !== endpoint.method) return endpoint.method === "GET" ? 43001 : 43002;
  const access_token = request.query.get("access_token") ?? undefined;
  if (endpoint.method === "GET") return { ...Object.fromEntries(request.query), access_token };
  if (endpoint.form) return { ...Object.fromEntries(request.query), access_token, form: request.body };
  const body = parseObject(request.body);
  return body === undefined ? 47001 : { ...body, access_token };
}

/** Returns the name of the call, with the ticket type where it is known. */
export function callOf(endpoint: Endpoint, params: Params): Call {
  const type = endpoint.call === "getticket" ? ticketType(params["type"]) : undefined;
  return type === undefined ? endpoint.call : `getticket:${type}`;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
