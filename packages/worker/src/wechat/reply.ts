import { failureOf, wordFailure, type CallScope, type Failure } from "@tokenkeeper/core";

/** What a fetch came to. */
export type FetchReply =
  | { readonly type: "value"; readonly value: string; readonly lifeMs: number }
  | { readonly type: "failure"; readonly failure: Failure };

/** What a call came to on the wire. */
export type WireReply =
  | { readonly type: "body"; readonly body: Readonly<Record<string, unknown>> }
  /** With `refused` an HTTP answer of another status than 200 came; `retryAfter` in s. */
  | {
      readonly type: "failure";
      readonly failure: Failure;
      readonly refused?: { readonly status: number; readonly retryAfter?: number };
    };

/** The longest life that WeChat gives a credential today, ms. Source: WeChat, "获取 access_token". */
const LONGEST_LIFE_MS = 7_200_000;
const PRINTABLE = /^[\x21-\x7e]{1,2048}$/;

/** Reads the body of an answer. The header is no guide: WeChat sends JSON as text/plain too. */
export function parseBody(text: string): WireReply {
  try {
    const parsed: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) {
      return { type: "body", body: parsed as Record<string, unknown> };
    }
  } catch {
    // A parser's message quotes the text; only the fact is passed on.
  }
  return { type: "failure", failure: wordFailure("malformed") };
}

/** @returns WeChat's errcode in a body, 0 when there is none: success of a token call carries none. */
export function errcodeIn(body: Readonly<Record<string, unknown>>): number {
  const errcode = Number(body["errcode"] ?? 0);
  return Number.isSafeInteger(errcode) ? errcode : 0;
}

/** The value and its life from the body of a token or ticket call, or the failure it tells of. */
export function readFetch(
  body: Readonly<Record<string, unknown>>,
  { valueField, scope }: { valueField: string; scope: CallScope },
): FetchReply {
  const errcode = errcodeIn(body);
  if (errcode !== 0) {
    const errmsg = typeof body["errmsg"] === "string" ? body["errmsg"] : "";
    return { type: "failure", failure: failureOf(errcode, errmsg, scope) };
  }
  return fetchedValue(body[valueField], body["expires_in"]) ?? { type: "failure", failure: wordFailure("absurd") };
}

/** A value and its life, when both make sense. @param seconds whole, as a number or digits. */
export function fetchedValue(value: unknown, seconds: unknown): FetchReply | undefined {
  const lifeMs = lifeOf(seconds);
  if (typeof value !== "string" || !PRINTABLE.test(value) || lifeMs === undefined) return undefined;
  return { type: "value", value, lifeMs };
}

/** Whole seconds as a number or digits; more than WeChat gives is cut down to what it gives. */
function lifeOf(expiresIn: unknown): number | undefined {
  const seconds = typeof expiresIn === "string" && /^\d{1,15}$/.test(expiresIn) ? Number(expiresIn) : expiresIn;
  if (typeof seconds !== "number" || !Number.isFinite(seconds) || seconds < 1) return undefined;
  return Math.min(Math.floor(seconds) * 1_000, LONGEST_LIFE_MS);
}
