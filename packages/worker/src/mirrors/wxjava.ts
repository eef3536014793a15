import type { CredentialKind } from "@tokenkeeper/shared/contract";
import type { MirrorForm } from "./form.ts";

const TICKET_CODES: Partial<Record<CredentialKind, string>> = { jsapi_ticket: "jsapi", wx_card_ticket: "wx_card" };

/**
 * WxJava (Java) as it keeps credentials through StringRedisTemplate or Jedis: the bare value. It takes a key whose TTL is less than
 * 2 s, or that has none, for expired, so it fetches by itself in the last 1.5 s of a value at the earliest.
 * Source: binarywang/WxJava 4.7.2.B, `WxMpRedisConfigImpl` (weixin-java-mp) and `WxMaRedisBetterConfigImpl` (weixin-java-miniapp), which
 * have the same keys, since 3.8.0; ticket codes: `TicketType` (weixin-java-common).
 */
export const wxjavaForm: MirrorForm = ({ account, kind, record }, prefix) => {
  const code = TICKET_CODES[kind];
  const key =
    code === undefined ? `${prefix}:access_token:${account.id}` : `${prefix}:ticket:key:${account.id}:${code}`;
  return [{ key, value: record.value }];
};
