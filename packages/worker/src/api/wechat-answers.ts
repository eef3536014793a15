import { randomBytes } from "node:crypto";
import type { Reading } from "./readings.ts";
import type { RefusalWord } from "./refusal.ts";

/** WeChat's error codes that its own paths answer with here, in WeChat's wording. Source: WeChat, global return codes. */
const ERRMSG = {
  [-1]: "system error",
  40001: "invalid credential, access_token is invalid or not latest",
  40002: "invalid grant_type",
  40013: "invalid appid",
  40066: "invalid url",
  40097: "invalid args",
  40125: "invalid appsecret",
  41001: "access_token missing",
  41002: "appid missing",
  41004: "appsecret missing",
  43001: "require GET method",
  43002: "require POST method",
  45011: "api minute-quota reach limit, must slower, retry next minute",
  47001: "data format error",
  48001: "api unauthorized",
} as const;

/** One of the codes. */
export type WechatErrcode = keyof typeof ERRMSG;

/** What a person who reads the SDK's error should know beyond WeChat's wording. */
const HINTS: Partial<Record<WechatErrcode, string>> = {
  [-1]: "Tokenkeeper has no valid value right now, the failed jobs on its dashboard tell the cause",
  40001: "this is no access_token that Tokenkeeper gave out and still holds, ask /cgi-bin/token again",
  40013: "Tokenkeeper keeps no such account, or this key may not know it",
  40066:
    "Tokenkeeper answers /cgi-bin/token, /cgi-bin/stable_token and /cgi-bin/ticket/getticket only and passes nothing on, send every other call to api.weixin.qq.com",
  40097: "each parameter once, and type is jsapi or wx_card",
  40125: "a key of Tokenkeeper stands where the secret would",
  48001: "no key that was given this access_token may have tickets of this type, or the account has none",
};

/** How a refusal is told to an SDK: by what SDKs do with the code. */
export const ERRCODE_OF: Readonly<Record<RefusalWord, WechatErrcode>> = {
  bad_request: 47001,
  unauthorized: 40125,
  forbidden: 48001,
  not_found: 40013,
  method_not_allowed: 43002,
  timeout: -1,
  stale_fingerprint: 40001,
  too_large: 47001,
  unsupported_media_type: 47001,
  rate_limited: 45011,
  headers_too_large: 47001,
  failure: -1,
  unavailable: -1,
};

/** A body in the form of WeChat's errors. */
export interface WechatError {
  readonly errcode: WechatErrcode;
  readonly errmsg: string;
}

/** @param hint instead of the code's own. */
export function wechatError(errcode: WechatErrcode, hint: string | undefined = HINTS[errcode]): WechatError {
  const rid = [4, 4, 4].map((bytes) => randomBytes(bytes).toString("hex")).join("-");
  return { errcode, errmsg: `${ERRMSG[errcode]}${hint === undefined ? "" : `, hint: [${hint}]`} rid: ${rid}` };
}

/** Success of a token call carries no errcode. */
export function tokenBody({ value }: Reading, expiresIn: number): object {
  return { access_token: value, expires_in: expiresIn };
}

/** Success of a ticket call carries errcode 0. */
export function ticketBody({ value }: Reading, expiresIn: number): object {
  return { errcode: 0, errmsg: "ok", ticket: value, expires_in: expiresIn };
}
