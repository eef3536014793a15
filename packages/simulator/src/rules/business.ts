import type { RuleInput, Ruling, Trace } from "./ruling.ts";
import { admitByToken } from "./admission.ts";
import { refuse } from "./errcode.ts";

/** `GET /cgi-bin/user/info`: the business call; answers a follower of the account. */
export function userInfo(input: RuleInput): Ruling {
  return business(input, (params) => {
    const { openid } = params;
    if (!openid) return 41009;
    if (typeof openid !== "string" || !/^[A-Za-z0-9_-]{1,128}$/.test(openid)) return 40003;
    return {
      subscribe: 1,
      openid,
      language: "zh_CN",
      subscribe_time: Math.floor(input.context.now / 1000) - 86_400,
      unionid: `u${openid}`,
      remark: "",
      groupid: 0,
      tagid_list: [],
      subscribe_scene: "ADD_SCENE_QR_CODE",
      qr_scene: 0,
      qr_scene_str: "",
    };
  });
}

/** `GET /cgi-bin/get_api_domain_ip`: the cheapest probe. Addresses are documentation ones. */
export function apiDomainIp(input: RuleInput): Ruling {
  return business(input, () => ({ ip_list: ["198.51.100.11", "198.51.100.12", "198.51.100.13"] }));
}

/** `GET /cgi-bin/getcallbackip`: where WeChat pushes from. */
export function callbackIp(input: RuleInput): Ruling {
  return business(input, () => ({ ip_list: ["198.51.100.0/25", "198.51.100.200"] }));
}

/** `POST /cgi-bin/message/template/send`: a business call with a body. The template itself is not checked. */
export function templateMessage(input: RuleInput): Ruling {
  return business(input, ({ touser, template_id }) => {
    if (typeof touser !== "string" || touser === "") return 40003;
    if (typeof template_id !== "string" || template_id === "") return 40037;
    return { errcode: 0, errmsg: "ok", msgid: Math.floor(input.context.random() * 2 ** 32) };
  });
}

/** `POST /cgi-bin/media/upload`: a business call whose body is a form with a file, which is checked to be whole and forgotten. */
export function uploadMedia(input: RuleInput): Ruling {
  return business(input, ({ type, form }) => {
    if (typeof type !== "string" || !["image", "voice", "video", "thumb"].includes(type)) return 40004;
    if (typeof form !== "string" || !/filename=/.test(form) || !/--\s*$/.test(form)) return 41005;
    const media_id = `m${Math.floor(input.context.random() * 2 ** 32)}`;
    return { type, media_id, created_at: Math.floor(input.context.now / 1000) };
  });
}

/** `POST /card/code/decrypt`: a business call outside `/cgi-bin`. Every code decrypts to the same. */
export function decryptCardCode(input: RuleInput): Ruling {
  return business(input, ({ encrypt_code }) =>
    encrypt_code ? { errcode: 0, errmsg: "ok", code: "751234212312" } : 40097,
  );
}

/** Answers a call that needs an accepted token and changes nothing; a number is WeChat's errcode. */
export function business(input: RuleInput, answer: (params: RuleInput["params"]) => object | number): Ruling {
  const admitted = admitByToken(input);
  if (admitted.refusal) return admitted.refusal;
  const { family, entry } = admitted;
  const trace: Trace = { errcode: 0, verdict: "accepted", family, ordinal: entry.ordinal, fp: entry.fp };
  const body = answer(input.params);
  return typeof body === "number" ? refuse(body, input.context, { trace }) : { body, trace };
}
