import type { MirrorForm } from "./form.ts";

/**
 * silenceper/wechat (Go) 2.1.3 and later: the bare value, used as long as the key is there. Which key of the two for a token is read
 * depends on the app (`UseStableAK`, or a handle of its own); either way the app gets the token that is kept here. Earlier versions
 * read JSON and are not served. It has no ticket for cards.
 * Source: silenceper/wechat 2.1.3 to 2.1.6, `credential/default_access_token.go`, `credential/default_js_ticket.go`, `cache/redis.go`.
 */
export const silenceperForm: MirrorForm = ({ account, kind, record }, prefix) => {
  const { value } = record;
  switch (kind) {
    case "access_token":
      return [
        { key: `${prefix}_access_token_${account.id}`, value },
        { key: `${prefix}_stable_access_token_${account.id}`, value },
      ];
    case "jsapi_ticket":
      return [{ key: `${prefix}_jsapi_ticket_${account.id}`, value }];
    case "wx_card_ticket":
      return [];
  }
};
