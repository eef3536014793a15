import type { Bilingual } from "@tokenkeeper/core";
import type { Check } from "../check.ts";
import type { Reach } from "../doctor-facts.ts";
import { ok, problem } from "../finding.ts";

/** What each way to fail means, and what to do about it. */
const FAILURES: Readonly<
  Record<Extract<Reach, { type: "failed" }>["at"], { readonly sentence: Bilingual; readonly remedy: Bilingual }>
> = {
  name: {
    sentence: { en: "Its name is not resolved", zh: "域名无法解析" },
    remedy: { en: "Check the DNS server of this machine.", zh: "请检查本机的 DNS 服务器。" },
  },
  connect: {
    sentence: { en: "It cannot be connected to", zh: "无法建立连接" },
    remedy: {
      en: "Check firewall and route from this machine to port 443; a proxy is not used.",
      zh: "请检查本机到 443 端口的防火墙与路由；不会使用代理。",
    },
  },
  tls: {
    sentence: { en: "Its certificate is refused", zh: "证书校验失败" },
    remedy: {
      en: "Check this machine's clock and certificates, and whether something between breaks TLS open.",
      zh: "请检查本机时钟与根证书，以及中间是否有设备拦截 TLS。",
    },
  },
  answer: {
    sentence: { en: "It does not answer", zh: "没有应答" },
    remedy: {
      en: "Check what stands between this machine and WeChat; single failures pass by themselves.",
      zh: "请检查本机与微信之间的网络；偶发失败会自行恢复。",
    },
  },
};

/** Whether WeChat is reached from here: its name, connection, TLS and an answer. */
export const wechat: Check = {
  name: "wechat",
  judge({ wechat: { host, reach, proxies } }) {
    const en = proxies.length > 0 ? ` ${proxies.join(", ")} is not used: calls go straight to WeChat.` : "";
    const zh = proxies.length > 0 ? `不使用 ${proxies.join("、")}：请求直接发往微信。` : "";
    if (reach.type === "answered") return ok(`${host} answers.${en}`, `${host} 正常应答。${zh}`);
    const { sentence, remedy } = FAILURES[reach.at];
    return problem({ en: `${host}: ${sentence.en}.${en}`, zh: `${host}：${sentence.zh}。${zh}` }, remedy);
  },
};
