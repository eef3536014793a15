import type { Bilingual } from "@tokenkeeper/core";
import type { Reach } from "../doctor-facts.ts";

/** Where on the way to a server it failed. */
export type FailedAt = Extract<Reach, { type: "failed" }>["at"];

/** How a server fails to answer; its name goes before. */
export const REACH_WORDS: Readonly<Record<FailedAt, Bilingual>> = {
  name: { en: "Its name is not resolved", zh: "域名无法解析" },
  connect: { en: "It cannot be connected to", zh: "无法建立连接" },
  tls: { en: "Its certificate is refused", zh: "证书校验失败" },
  answer: { en: "It does not answer", zh: "没有应答" },
};

/** What is said where no account is fetched from WeChat. */
export const NOTHING_FROM_WECHAT: Bilingual = {
  en: "Every account follows another instance: nothing is asked of WeChat.",
  zh: "所有账号都从上游读取，不访问微信。",
};
