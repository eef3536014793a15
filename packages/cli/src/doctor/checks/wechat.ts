import type { Bilingual } from "@tokenkeeper/core";
import type { Check } from "../check.ts";
import { ok, problem, skipped } from "../finding.ts";
import { NOTHING_FROM_WECHAT, REACH_WORDS, type FailedAt } from "./reach-words.ts";

/** What to do about each way to fail. */
const REMEDIES: Readonly<Record<FailedAt, Bilingual>> = {
  name: { en: "Check the DNS server of this machine.", zh: "请检查本机的 DNS 服务器。" },
  connect: {
    en: "Check firewall and route from this machine to port 443; a proxy is not used.",
    zh: "请检查本机到 443 端口的防火墙与路由；不会使用代理。",
  },
  tls: {
    en: "Check this machine's clock and certificates, and whether something between breaks TLS open.",
    zh: "请检查本机时钟与根证书，以及中间是否有设备拦截 TLS。",
  },
  answer: {
    en: "Check what stands between this machine and WeChat; single failures pass by themselves.",
    zh: "请检查本机与微信之间的网络；偶发失败会自行恢复。",
  },
};

/** Whether WeChat is reached from here: its name, connection, TLS and an answer. */
export const wechat: Check = {
  name: "wechat",
  judge({ wechat: facts }) {
    if (!facts) return skipped(NOTHING_FROM_WECHAT.en, NOTHING_FROM_WECHAT.zh);
    const { host, reach, proxies } = facts;
    const en = proxies.length > 0 ? ` ${proxies.join(", ")} is not used: calls go straight to WeChat.` : "";
    const zh = proxies.length > 0 ? `不使用 ${proxies.join("、")}：请求直接发往微信。` : "";
    if (reach.type === "answered") return ok(`${host} answers.${en}`, `${host} 正常应答。${zh}`);
    const words = REACH_WORDS[reach.at];
    return problem({ en: `${host}: ${words.en}.${en}`, zh: `${host}：${words.zh}。${zh}` }, REMEDIES[reach.at]);
  },
};
