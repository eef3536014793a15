import { lookup } from "node:dns/promises";
import { Agent, request } from "undici";
import type { Reach } from "./doctor-facts.ts";

/** How long one question may take, ms. */
const DEADLINE = 5_000;
const CONNECT = ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT"];
const NAME = ["ENOTFOUND", "EAI_AGAIN"];
const TLS = /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_VERIFY|EPROTO/;

/**
 * Asks an HTTP server for a path, to see whether and how it answers, and what time it has. Past every proxy that the
 * environment names, as the worker. Never throws.
 * @param url without anything secret
 * @param now epoch ms by this machine
 */
export async function ask(url: string, now: () => number): Promise<Reach> {
  const agent = new Agent({ connect: { timeout: DEADLINE / 2 } });
  const asked = now();
  try {
    await lookup(new URL(url).hostname.replace(/^\[|\]$/g, ""));
    const { statusCode, headers, body } = await request(url, {
      method: "GET",
      dispatcher: agent,
      signal: AbortSignal.timeout(DEADLINE),
    });
    await body.dump();
    const aheadMs = aheadOf(headers["date"], { asked, answered: now() });
    return { type: "answered", status: statusCode, ...(aheadMs !== undefined && { aheadMs }) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return { type: "failed", at: placeOf(code) };
  } finally {
    await agent.destroy();
  }
}

function placeOf(code: string): Extract<Reach, { type: "failed" }>["at"] {
  if (NAME.includes(code)) return "name";
  if (CONNECT.includes(code)) return "connect";
  return TLS.test(code) ? "tls" : "answer";
}

/** How far our clock is ahead. A `Date` names the begin of its second; the answer came somewhere between. */
function aheadOf(
  date: string | string[] | undefined,
  { asked, answered }: { asked: number; answered: number },
): number | undefined {
  const theirs = Date.parse(String(date));
  return Number.isFinite(theirs) ? Math.round((asked + answered) / 2 - (theirs + 500)) : undefined;
}
