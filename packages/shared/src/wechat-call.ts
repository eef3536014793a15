import { TokenClientUsageError } from "./errors.ts";

/** Where WeChat answers calls of official accounts and mini programs. */
export const WECHAT_ORIGIN = "https://api.weixin.qq.com";

/** Which calls get a token. */
export interface WechatCallOptions {
  /** Scheme, host and port of every server that may see the token; calls to others are left alone. @default ["https://api.weixin.qq.com"] */
  readonly origins?: readonly string[];
}

/** Parameters of a call that brings its own credential: a person's token (`/sns/…`), a secret, or a platform's token. */
const OWN_CREDENTIALS = ["access_token", "component_access_token", "secret", "appsecret", "refresh_token"];

/**
 * Makes the question whether a call gets a token: it goes to one of the origins and brings no credential of its own.
 * @throws TokenClientUsageError when an origin is none.
 */
export function createCallRule({ origins = [WECHAT_ORIGIN] }: WechatCallOptions): (url: URL) => boolean {
  const known = new Set(origins.map(originOf));
  return (url) => known.has(url.origin) && !OWN_CREDENTIALS.some((name) => url.searchParams.has(name));
}

/** Adds the token to a URL or path, and leaves every other character as it is. */
export function withTokenIn(target: string, token: string): string {
  const [beforeFragment = "", ...fragment] = target.split("#");
  const separator = beforeFragment.includes("?") ? "&" : "?";
  return [`${beforeFragment}${separator}access_token=${encodeURIComponent(token)}`, ...fragment].join("#");
}

/** Whether a request body can be sent twice: text, bytes, forms and blobs can, streams and iterators cannot. */
export function canReplay(body: unknown): boolean {
  if (body === undefined || body === null || typeof body === "string") return true;
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body) || body instanceof URLSearchParams) return true;
  // Not by `instanceof`: undici has a FormData of its own.
  return ["FormData", "Blob", "File"].includes(Object.prototype.toString.call(body).slice(8, -1));
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin;
  throw new TokenClientUsageError(
    `"${text.slice(0, 100)}" is no origin: pass scheme and host, such as "${WECHAT_ORIGIN}"`,
  );
}
