import { createHash } from "node:crypto";

/** What `wx.config` of the JS-SDK needs, except `debug` and `jsApiList`. */
export interface JsApiSignature {
  readonly appId: string;
  /** Epoch seconds. */
  readonly timestamp: number;
  readonly nonceStr: string;
  readonly signature: string;
}

/** The four signed values. */
export interface JsApiSignatureInput {
  readonly ticket: string;
  readonly nonceStr: string;
  /** Epoch seconds. */
  readonly timestamp: number;
  /** The page's full URL; everything from `#` on is left out. */
  readonly url: string;
}

/**
 * JS-SDK signature: SHA-1 over `jsapi_ticket, noncestr, timestamp, url` in this order, values not URL-encoded.
 * Source: WeChat, "JS-SDK 说明文档", appendix 1 (使用权限签名算法).
 * @returns 40 hex digits.
 */
export function jsApiSignature({ ticket, nonceStr, timestamp, url }: JsApiSignatureInput): string {
  const page = url.split("#", 1)[0] ?? "";
  const text = `jsapi_ticket=${ticket}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${page}`;
  return createHash("sha1").update(text).digest("hex");
}
