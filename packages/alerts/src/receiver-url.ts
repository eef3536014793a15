import { isLoopback, isNear, quoted, type Problem } from "@tokenkeeper/core";
import type { ReceiverType } from "./receiver.ts";

/**
 * Hosts to which robots' messages go.
 * Sources: WeCom, "消息推送配置说明" (developer.work.weixin.qq.com/document/path/99110); DingTalk, "自定义机器人接入"
 * (open.dingtalk.com/document/robots/custom-robot-access); Feishu, "自定义机器人使用指南"
 * (open.feishu.cn/document/client-docs/bot-v3/add-custom-bot); Lark is the same elsewhere.
 */
const HOSTS: Readonly<Partial<Record<ReceiverType, readonly string[]>>> = {
  wecom: ["qyapi.weixin.qq.com"],
  dingtalk: ["oapi.dingtalk.com"],
  feishu: ["open.feishu.cn", "open.larksuite.com"],
};

/**
 * Where a receiver's messages go. A robot's only to its own host, or to this machine (a test receiver); a webhook's to any host
 * over https, over http only to this machine and private networks: the file is written by whoever runs this.
 * @param path the place of the URL in the file.
 */
export function receiverUrl(
  type: ReceiverType,
  { text, path }: { text: string; path: string },
): { url: string } | { problem: Problem } {
  const hosts = HOSTS[type];
  const expected = hosts
    ? `the robot's address, https://${hosts.join(" or ")}/…`
    : "an address, https://… (http://… only on this machine or in a private network)";
  const refused = (got: string): { problem: Problem } => ({ problem: { path, expected, got } });
  if (!URL.canParse(text)) return refused(`a value of ${text.length} characters`);
  const url = new URL(text);
  // What follows the host is the secret of it.
  const shown = quoted(`${url.protocol}//${url.host}`);
  if (url.username || url.password || url.hash) return refused(`${shown} with a user, a password or a fragment`);
  const isHttp = url.protocol === "http:";
  if (!isHttp && url.protocol !== "https:") return refused(shown);
  if (isLoopback(url.hostname)) return { url: url.href };
  const allowed = hosts ? !isHttp && hosts.includes(url.host) : !isHttp || isNear(url.hostname);
  return allowed ? { url: url.href } : refused(shown);
}
