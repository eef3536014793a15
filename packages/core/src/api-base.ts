import { describeValue, quoted, type Problem } from "./problems.ts";

const WECHAT_HOSTS = [
  "api.weixin.qq.com",
  "api2.weixin.qq.com",
  "sh.api.weixin.qq.com",
  "sz.api.weixin.qq.com",
  "hk.api.weixin.qq.com",
];
const LOOPBACK_HOSTS = ["127.0.0.1", "localhost"];

/**
 * Where calls to WeChat go. A secret is sent there, so only WeChat's own hosts over https, this machine
 * (a simulator), and one host that is allowed by name are accepted.
 * Hosts: WeChat, "接口域名说明".
 * @param allowedHost `TOKENKEEPER_ALLOW_API_HOST`
 * @returns the origin, or the problem.
 */
export function apiOriginOf(value: string, allowedHost: string | undefined): { origin: string } | { problem: Problem } {
  const expected = `https://api.weixin.qq.com, another host of WeChat's, http://127.0.0.1:<port>, or a host named in TOKENKEEPER_ALLOW_API_HOST`;
  // What is not scheme or host may hold a password: it is not shown.
  const refused = (got: string): { problem: Problem } => ({ problem: { path: "WECHAT_API_BASE_URL", expected, got } });
  if (!URL.canParse(value)) return refused(describeValue("WECHAT_API_BASE_URL", value));
  const url = new URL(value);
  const shown = quoted(`${url.protocol}//${url.host}`);
  if (url.username || url.password || url.search || url.hash || !["", "/"].includes(url.pathname)) {
    return refused(`${shown} with more than scheme, host and port`);
  }
  // The text must name the host as the URL parser sees it: 0x7f.1 and its like are not accepted as loopback.
  if (!value.includes(url.hostname)) return refused(shown);
  if (LOOPBACK_HOSTS.includes(url.hostname) && ["http:", "https:"].includes(url.protocol))
    return { origin: url.origin };
  if (url.protocol !== "https:") return refused(shown);
  if ((WECHAT_HOSTS.includes(url.hostname) && url.port === "") || url.host === allowedHost)
    return { origin: url.origin };
  return refused(shown);
}
