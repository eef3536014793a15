import { ERRCODES } from "@tokenkeeper/core";
import type { WechatRequest } from "../families/family.ts";
import { errcodeIn, type WireReply } from "../wechat/reply.ts";

/** Names of the calls, those of the fetch counters where there is one. A forced stable token is fetched by the same call. */
const ENDPOINTS: Readonly<Record<string, string>> = {
  "/cgi-bin/token": "classic_token",
  "/cgi-bin/stable_token": "stable_token",
  "/cgi-bin/ticket/getticket": "ticket",
  "/cgi-bin/get_api_domain_ip": "probe",
  "/cgi-bin/clear_quota/v2": "reset_quota",
};

/** Which call it is, as a label: never its path, which may name an account, nor its query. */
export function endpointLabel({ path, query, leader }: WechatRequest): string {
  if (leader) return "leader";
  const endpoint = ENDPOINTS[path] ?? "other";
  return endpoint === "ticket" ? `${query["type"] === "wx_card" ? "wx_card" : "jsapi"}_ticket` : endpoint;
}

/** What came back, as a label: `ok`, `errcode`, or our word for what was no answer. */
export function resultLabel(reply: WireReply): string {
  if (reply.type === "failure") return String(reply.failure.code);
  return errcodeIn(reply.body) === 0 ? "ok" : "errcode";
}

const LISTED = new Set(ERRCODES.map(({ code }) => String(code)));

/** WeChat's error code, as a label: `other` for one that is not in our table, so that there are never too many. */
export function errcodeLabel(reply: WireReply): string | undefined {
  const errcode = reply.type === "body" ? errcodeIn(reply.body) : 0;
  if (errcode === 0) return undefined;
  return LISTED.has(String(errcode)) ? String(errcode) : "other";
}
