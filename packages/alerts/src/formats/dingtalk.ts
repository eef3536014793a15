import { createHmac } from "node:crypto";
import { MINUTE } from "@tokenkeeper/shared/contract";
import { cutLines, fieldOf, JSON_HEADERS, judgeCode, plain, type Format, type RobotCode } from "./format.ts";

/** Source: DingTalk answers 460101 to a message of more than 20,000 bytes. */
const MOST_BYTES = 16_000;

/** Source: DingTalk, "自定义机器人发送群消息", error codes (open.dingtalk.com/document/robots/custom-robot-access). */
const CODES: readonly RobotCode[] = [
  { code: -1, type: "retry", reason: { en: "DingTalk is busy", zh: "钉钉系统繁忙" } },
  {
    code: 130_101,
    type: "retry",
    afterMs: 10 * MINUTE,
    reason: {
      en: "The robot takes 20 messages a minute, and none for 10 minutes after more",
      zh: "机器人每分钟最多接收 20 条消息，超过后限流 10 分钟",
    },
  },
  {
    code: 410_100,
    type: "retry",
    afterMs: 10 * MINUTE,
    reason: { en: "The robot got too many messages", zh: "机器人消息发送过快，已被限流" },
  },
  {
    code: 310_000,
    type: "refused",
    reason: {
      en: "The robot's security settings refuse it: set its signing secret (SEC…) as secret in the file of alerts, or its keyword to Tokenkeeper, or allow this machine's address; the clock must be right",
      zh: "未通过机器人的安全设置：请在告警文件中将加签密钥（SEC 开头）写为 secret，或将关键词设为 Tokenkeeper，或放行本机出口 IP；同时确认系统时钟准确",
    },
  },
  ...[300_001, 300_005, 400_101].map((code): RobotCode => ({
    code,
    type: "refused",
    reason: { en: "There is no robot with this access_token", zh: "access_token 对应的机器人不存在" },
  })),
  {
    code: 400_013,
    type: "refused",
    reason: { en: "The group was dissolved: take another robot", zh: "群已被解散，请更换机器人" },
  },
  {
    code: 400_102,
    type: "refused",
    reason: { en: "The robot is disabled: enable it in its group", zh: "机器人已停用，请在群中重新启用" },
  },
];

/**
 * Robots of DingTalk groups.
 * Source: DingTalk, "自定义机器人接入" (open.dingtalk.com/document/robots/custom-robot-access): POST to the webhook address, markdown of
 * a subset; 20 messages a minute; always status 200.
 */
export const dingtalk: Format = {
  request({ title, lines, items, link }, { url, secret, now }) {
    const texts = [
      `### ${plain(title)}`,
      ...lines.map((line) => `**${plain(line.label)}**: ${plain(line.text)}`),
      ...items.map((item) => `- ${plain(item)}`),
      link ? `[${plain(link.text)}](${link.url}) · Tokenkeeper` : "Tokenkeeper",
    ];
    // A single line break is none there.
    const markdown = { title: plain(title), text: cutLines(texts, MOST_BYTES, "\n\n") };
    return {
      url: secret === undefined ? url : signedUrl(url, secret, now),
      headers: JSON_HEADERS,
      body: JSON.stringify({ msgtype: "markdown", markdown }),
    };
  },
  judge: (body) => judgeCode(fieldOf(body, "errcode"), CODES),
};

/**
 * Base64 of HMAC-SHA256 over `<timestamp>\n<secret>` with the secret as its key.
 * Source: DingTalk, "自定义机器人安全设置" (open.dingtalk.com/document/robots/customize-robot-security-settings).
 * @param timestamp epoch ms, within an hour of the robot's clock
 */
export function dingtalkSign(secret: string, timestamp: number): string {
  return createHmac("sha256", secret).update(`${timestamp}\n${secret}`).digest("base64");
}

function signedUrl(url: string, secret: string, now: number): string {
  const signed = new URL(url);
  signed.searchParams.set("timestamp", String(now));
  signed.searchParams.set("sign", dingtalkSign(secret, now));
  return signed.href;
}
