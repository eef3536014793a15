import { TICKET_KINDS, type CredentialKind } from "@tokenkeeper/shared/contract";
import type { WechatErrcode } from "./wechat-answers.ts";

/** One of WeChat's own paths that are answered here. */
export type WechatPath = "/cgi-bin/token" | "/cgi-bin/stable_token" | "/cgi-bin/ticket/getticket";

/** A call as it came. */
export interface WechatCall {
  readonly path: WechatPath;
  readonly method: string;
  /** What follows the question mark. */
  readonly query: string;
  readonly body: string;
}

/** What is asked for. */
export type WechatWish =
  | { readonly type: "token"; readonly appId: string; readonly secret: string }
  | { readonly type: "ticket"; readonly accessToken: string; readonly kind: CredentialKind }
  | { readonly type: "refused"; readonly errcode: WechatErrcode };

type Params = Readonly<Record<string, unknown>>;

const refused = (errcode: WechatErrcode): WechatWish => ({ type: "refused", errcode });

/** Reads a call as WeChat would. `force_refresh` is not looked at: nothing here ever causes a rotation. */
export function readWechatCall(call: WechatCall): WechatWish {
  const { path, method, query, body } = call;
  switch (path) {
    case "/cgi-bin/token": {
      if (method !== "GET" && method !== "POST") return refused(43001);
      const params =
        paramsOf(query) && paramsOf([query, method === "POST" ? body.trim() : ""].filter(Boolean).join("&"));
      return params ? readTokenCall(params) : refused(40097);
    }
    case "/cgi-bin/stable_token": {
      if (method !== "POST") return refused(43002);
      const params = objectOf(body);
      return params ? readTokenCall(params) : refused(47001);
    }
    case "/cgi-bin/ticket/getticket": {
      if (method !== "GET") return refused(43001);
      const params = paramsOf(query);
      return params ? readTicketCall(params) : refused(40097);
    }
  }
}

function readTokenCall({ grant_type: grantType, appid, secret }: Params): WechatWish {
  if (grantType !== "client_credential") return refused(40002);
  if (typeof appid !== "string" || appid === "") return refused(41002);
  if (typeof secret !== "string" || secret === "") return refused(41004);
  return { type: "token", appId: appid, secret };
}

function readTicketCall({ access_token: accessToken, type }: Params): WechatWish {
  if (typeof accessToken !== "string" || accessToken === "") return refused(41001);
  if (type !== "jsapi" && type !== "wx_card") return refused(40097);
  return { type: "ticket", accessToken, kind: TICKET_KINDS[type] };
}

/** Each parameter once: of two values nobody knows which one is meant. */
function paramsOf(text: string): Params | undefined {
  const params = new URLSearchParams(text);
  return new Set(params.keys()).size === params.size ? Object.fromEntries(params) : undefined;
}

function objectOf(text: string): Params | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Params) : undefined;
  } catch {
    return undefined;
  }
}
