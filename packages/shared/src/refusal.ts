import { isAnyArrayBuffer } from "node:util/types";

/**
 * The error codes with which a business call is refused because of its token: not the newest or unknown (40001),
 * not a token (40014), expired (42001). Source: WeChat, global return codes.
 */
export const REFUSED_TOKEN_CODES: readonly number[] = [40001, 40014, 42001];

/** Longest text that can be WeChat's error, in characters or bytes; `{"errcode":…,"errmsg":…}` is a tenth of it. */
export const MAX_REFUSAL_LENGTH = 4_096;

/**
 * Finds WeChat's refusal of the token in what a business call returned or threw: a body (object, JSON as text or bytes, whatever its
 * content type said), a response that carries one as `data` or `body` (axios, got, superagent, urllib, node-easywechat), or
 * an error with `errcode`, a numeric `code` (co-wechat-api, wechat-api) or such a `response`. Reads only what is in memory: streams are left alone.
 * @returns 40001, 40014 or 42001, or `undefined` for everything else. Never throws.
 */
export function refusedCode(result: PromiseSettledResult<unknown>): number | undefined {
  try {
    return result.status === "fulfilled" ? inResponse(result.value) : inError(result.reason);
  } catch {
    // A getter or proxy of somebody else that throws says nothing about the token.
    return undefined;
  }
}

function inError(reason: unknown): number | undefined {
  if (!isObject(reason)) return undefined;
  // Only as a number: SQL states look the same as texts.
  const code = typeof reason["code"] === "number" ? known(reason["code"]) : undefined;
  return code ?? inResponse(reason);
}

function inResponse(carrier: unknown): number | undefined {
  const code = inBody(carrier);
  if (code !== undefined || !isObject(carrier)) return code;
  return inParts(carrier) ?? inParts(carrier["response"]);
}

/** The parsed or unparsed body of an HTTP response, which its numeric status gives away. */
function inParts(response: unknown): number | undefined {
  if (!isObject(response)) return undefined;
  if (typeof response["status"] !== "number" && typeof response["statusCode"] !== "number") return undefined;
  return inBody(response["data"]) ?? inBody(response["body"]);
}

function inBody(body: unknown): number | undefined {
  if (typeof body === "string") return inText(body);
  if (isAnyArrayBuffer(body)) return inBytes(new Uint8Array(body));
  if (ArrayBuffer.isView(body)) return inBytes(new Uint8Array(body.buffer, body.byteOffset, body.byteLength));
  return isObject(body) ? known(body["errcode"]) : undefined;
}

function inBytes(bytes: Uint8Array): number | undefined {
  return bytes.byteLength <= MAX_REFUSAL_LENGTH ? inText(new TextDecoder().decode(bytes)) : undefined;
}

function inText(text: string): number | undefined {
  if (text.length > MAX_REFUSAL_LENGTH || !text.trimStart().startsWith("{")) return undefined;
  try {
    // WeChat's texts may hold raw control characters, which JSON forbids.
    // oxlint-disable-next-line no-control-regex
    const body: unknown = JSON.parse(text.trim().replaceAll(/[\u0000-\u001f]/g, " "));
    return isObject(body) ? known(body["errcode"]) : undefined;
  } catch {
    return undefined;
  }
}

function known(code: unknown): number | undefined {
  if (typeof code !== "number" && typeof code !== "string") return undefined;
  return REFUSED_TOKEN_CODES.find((refused) => String(refused) === String(code));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
