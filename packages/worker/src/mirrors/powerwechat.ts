import { createHash } from "node:crypto";
import { SECOND, type CredentialKind } from "@tokenkeeper/shared/contract";
import type { MirrorForm } from "./form.ts";

const TICKET_TYPES: Partial<Record<CredentialKind, string>> = { jsapi_ticket: "jsapi", wx_card_ticket: "wx_card" };

/**
 * PowerWeChat (Go) v3 with its Redis cache: WeChat's reply as JSON, with the whole life in seconds; used as long as the key is there. The
 * token's key is a digest of appid and secret. (The digest in a comment of its source is not the one that its code gives.)
 * Source: ArtisanCloud/PowerWeChat v3.2.58, `src/kernel/accessToken.go`, `src/kernel/response`, `src/basicService/jssdk/client.go`;
 * ArtisanCloud/PowerLibs v3.2.1, `cache/redis.go`.
 */
export const powerwechatForm: MirrorForm = ({ account, kind, record }) => {
  const lifeSeconds = Math.round((record.expiresAt - record.issuedAt) / SECOND);
  const type = TICKET_TYPES[kind];
  if (type === undefined) {
    const digest = createHash("md5").update(`${account.id}${account.secret.reveal()}`).digest("hex");
    const value = JSON.stringify({ access_token: record.value, expires_in: lifeSeconds });
    return [{ key: `powerwechat.access_token.${digest}`, value }];
  }
  const value = JSON.stringify({ errcode: 0, errmsg: "ok", expires_in: lifeSeconds, ticket: record.value });
  return [{ key: `powerwechat.basic_service.jssdk.ticket.${type}.${account.id}`, value }];
};
