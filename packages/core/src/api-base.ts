import { describeValue, type Problem } from "./problems.ts";

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
  const problem = { path: "WECHAT_API_BASE_URL", expected, got: describeValue("WECHAT_API_BASE_URL", value) };
  if (!URL.canParse(value)) return { problem };
  const url = new URL(value);
  if (url.username || url.password || url.search || url.hash || url.pathname !== "/") return { problem };
  // The text must name the host as the URL parser sees it: 0x7f.1 and its like are not accepted as loopback.
  if (!value.includes(url.hostname)) return { problem };
  if (LOOPBACK_HOSTS.includes(url.hostname) && ["http:", "https:"].includes(url.protocol))
    return { origin: url.origin };
  if (url.protocol !== "https:") return { problem };
  if ((WECHAT_HOSTS.includes(url.hostname) && url.port === "") || url.host === allowedHost)
    return { origin: url.origin };
  return { problem };
}
