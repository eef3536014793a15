import type { Context, Ruling, Trace } from "./ruling.ts";

const STABLE_HINT = "could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r";

/** WeChat's wording by errcode: its global errcode page and answers quoted by users; the rid is appended. */
const ERRMSG: Readonly<Record<number, string>> = {
  [-1]: "system error",
  40001: `invalid credential, access_token is invalid or not latest, ${STABLE_HINT}`,
  40002: "invalid grant_type",
  40003: "invalid openid",
  40004: "invalid media type",
  40013: "invalid appid",
  40014: "invalid access_token",
  40037: "invalid template_id",
  40066: "invalid url",
  40097: "invalid args",
  40125: "invalid appsecret, view more at http://t.cn/RAEkdVq",
  40243: "AppSecret has been frozen, please unfreeze it and try again",
  41001: "access_token missing",
  41002: "appid missing",
  41004: "appsecret missing",
  41005: "media data missing",
  41009: "missing openid",
  42001: "access_token expired",
  43001: "require GET method",
  43002: "require POST method",
  45009: "reach max api daily quota limit",
  45011: "api minute-quota reach limit, must slower, retry next minute",
  47001: "data format error",
  48001: "api unauthorized",
  48004: "api forbidden for irregularities, view detail on mp.weixin.qq.com",
  48006: "forbid to clear quota because of reaching the limit",
  50002: "user limited",
  50004: "access_token interface forbidden",
  50007: "account frozen",
  61024: "component must use component api to get access_token",
  76003: "cgi_path should start with '/'",
  76021: "cgi_path not found, please check",
  89501: "ip needs the confirmation of the administrator",
  89503: "this call from the ip needs the confirmation of the administrator, please contact him",
  89506: "this ip was refused by the administrator twice, try again after 24 hours",
  89507: "this ip was refused by the administrator, try again after 1 hour",
};

export interface RefusalDetail {
  /** Replaces the table's wording. */
  errmsg?: string;
  /** For 40164: the address the call came from. */
  ip?: string;
  trace?: Partial<Trace>;
}

/** Returns WeChat's refusal: `{errcode, errmsg}` with a rid, as it answers today under HTTP 200. */
export function refuse(errcode: number, context: Context, detail: RefusalDetail = {}): Ruling {
  const text = detail.errmsg ?? wording(errcode, detail.ip);
  return {
    body: { errcode, errmsg: `${text} rid: ${rid(context)}` },
    trace: { verdict: "refused", ...detail.trace, errcode },
  };
}

/** Returns the refusal of a classic fetch past its daily quota, which recommends the stable endpoint. */
export function refuseClassicQuota(context: Context): Ruling {
  return refuse(45009, context, { errmsg: `${ERRMSG[45009]}, ${STABLE_HINT}`, trace: { family: "classic" } });
}

function wording(errcode: number, ip = "203.0.113.7"): string {
  if (errcode === 40164) return `invalid ip ${ip} ipv6 ::ffff:${ip}, not in whitelist`;
  return ERRMSG[errcode] ?? "error";
}

function rid({ now, random }: Context): string {
  const part = (n: number) => (Math.floor(n) % 2 ** 32).toString(16).padStart(8, "0");
  return [now / 1000, random() * 2 ** 32, random() * 2 ** 32].map(part).join("-");
}
