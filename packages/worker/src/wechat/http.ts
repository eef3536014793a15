import { wordFailure } from "@tokenkeeper/core";
import { Agent, request } from "undici";
import type { WechatRequest } from "../families/family.ts";
import { parseBody, type WireReply } from "./reply.ts";

/** Sends calls to WeChat and to leaders. Never throws: what goes wrong is a reply too. */
export interface WechatHttp {
  send(call: WechatRequest): Promise<WireReply>;
  /** Gives up what is under way, as outcomes that are not known. */
  abort(): void;
  close(): Promise<void>;
}

/** Settings of the edge; durations in ms. */
export interface WechatHttpOptions {
  /** WeChat's. */
  readonly origin: string;
  /** For the whole call, body included. */
  readonly deadlineMs: number;
  readonly connectMs: number;
}

const MAX_BODY_BYTES = 64 * 1024;

/** Errors that surely came before the first byte of the request. */
const BEFORE_SENDING = new Set([
  "UND_ERR_CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_HAS_EXPIRED",
]);

/** The only place that speaks HTTP to WeChat, and the boundary that no URL, body or third party's message passes. */
export function createWechatHttp({ origin, deadlineMs, connectMs }: WechatHttpOptions): WechatHttp {
  const agent = new Agent({ connect: { timeout: connectMs }, connections: 64, maxResponseSize: MAX_BODY_BYTES });
  const underWay = new Set<AbortController>();
  let aborted = false;

  return {
    async send({ method, path, query, body, leader }) {
      if (aborted) return { type: "failure", failure: wordFailure("unreachable") };
      // `AbortSignal.timeout` and `any` would keep timers and signals long after the reply: they cost more than the call.
      const call = new AbortController();
      const deadline = setTimeout(() => call.abort(), deadlineMs);
      underWay.add(call);
      try {
        const response = await request(`${leader?.origin ?? origin}${path}`, {
          method,
          query,
          ...(body && { body: JSON.stringify(body) }),
          headers: {
            ...(body && { "content-type": "application/json" }),
            ...(leader && { authorization: `Bearer ${leader.key.reveal()}`, "cache-control": "no-cache" }),
          },
          dispatcher: agent,
          signal: call.signal,
        });
        const text = await response.body.text().catch(tooLong);
        if (response.statusCode !== 200) return refusal(response.statusCode, response.headers["retry-after"]);
        return text === undefined ? { type: "failure", failure: wordFailure("malformed") } : parseBody(text);
      } catch (error) {
        const sent = !BEFORE_SENDING.has(errorCode(error));
        return { type: "failure", failure: wordFailure(sent ? "no_reply" : "unreachable") };
      } finally {
        clearTimeout(deadline);
        underWay.delete(call);
      }
    },

    abort() {
      aborted = true;
      for (const call of underWay) call.abort();
    },
    close: () => agent.destroy(),
  };
}

function refusal(status: number, retryAfter: string | string[] | undefined): WireReply {
  const seconds = typeof retryAfter === "string" && /^\d{1,4}$/.test(retryAfter) ? Number(retryAfter) : undefined;
  return {
    type: "failure",
    failure: wordFailure("http_status"),
    refused: { status, ...(seconds !== undefined && { retryAfter: seconds }) },
  };
}

/** An answer that is too long is worth nothing, which is another matter than one that did not come. */
function tooLong(error: unknown): undefined {
  if (errorCode(error) !== "UND_ERR_RES_EXCEEDED_MAX_SIZE") throw error;
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
