import { SECOND } from "@tokenkeeper/shared/contract";
import type { MirrorForm } from "./form.ts";

/**
 * wechatpy (Python) with `RedisStorage`: JSON. A token beside which no end is kept counts as given from outside and is used as long as
 * its key is there. Beside one (since 2.0.0.alpha16; before, it is in the memory of the process) it would be fetched anew in its last
 * 60 s, so an end that a fetch of its own has left is removed.
 * A ticket without its end, in epoch seconds, counts as expired.
 * Source: wechatpy/wechatpy 1.8.18 and 2.0.0.alpha26, `wechatpy/session/redisstorage.py`, `wechatpy/client/base.py`,
 * `wechatpy/client/api/jsapi.py`.
 */
export const wechatpyForm: MirrorForm = ({ account, kind, record }, prefix) => {
  const name = kind === "wx_card_ticket" ? "jsapi_card_ticket" : kind;
  const key = `${prefix}:${account.id}_${name}`;
  const endsAt = { key: `${key}_expires_at` };
  return [
    { key, value: JSON.stringify(record.value) },
    kind === "access_token" ? endsAt : { ...endsAt, value: String(Math.floor(record.expiresAt / SECOND)) },
  ];
};
