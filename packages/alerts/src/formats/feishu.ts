import { createHmac } from "node:crypto";
import { MINUTE, SECOND } from "@tokenkeeper/shared/contract";
import type { Message } from "../message.ts";
import { cutLines, fieldOf, JSON_HEADERS, judgeCode, type Format, type RobotCode } from "./format.ts";

/** Source: Feishu, "自定义机器人使用指南": the whole body is 20 KB at most. */
const MOST_BYTES = 16_000;
const COLOURS: Readonly<Record<Message["kind"], string>> = {
  page: "red",
  ticket: "orange",
  recovered: "green",
  test: "blue",
};

/** Source: Feishu, "自定义机器人使用指南" (open.feishu.cn/document/client-docs/bot-v3/add-custom-bot). */
const CODES: readonly RobotCode[] = [
  {
    code: 11_232,
    type: "retry",
    afterMs: MINUTE,
    reason: {
      en: "The robot takes 100 messages a minute and 5 a second",
      zh: "机器人每分钟最多 100 条、每秒最多 5 条消息",
    },
  },
  {
    // Seen for both, so it is not given up at once.
    code: 9_499,
    type: "retry",
    afterMs: MINUTE,
    reason: {
      en: "Feishu gets too many messages, or does not take their form: then report it as a bug",
      zh: "消息过于频繁，或格式不被接受（此时请反馈此缺陷）",
    },
  },
  {
    code: 19_001,
    type: "refused",
    reason: {
      en: "There is no robot at this address: copy its webhook address into the file of alerts again",
      zh: "webhook 地址无效，请将机器人的 webhook 地址重新写入告警文件",
    },
  },
  {
    code: 19_021,
    type: "refused",
    reason: {
      en: "The signature is wrong, or the clock is: compare secret in the file of alerts with the robot's, and this machine's clock",
      zh: "签名不匹配或时钟偏差超过 1 小时：请核对告警文件中的 secret 与机器人的签名密钥，并校准本机时钟",
    },
  },
  {
    code: 19_022,
    type: "refused",
    reason: {
      en: "The robot does not allow this machine's address: add it to its IP whitelist",
      zh: "机器人的 IP 白名单不含本机出口 IP，请加入",
    },
  },
  {
    code: 19_024,
    type: "refused",
    reason: { en: "Set the robot's keyword to Tokenkeeper", zh: "请将机器人的关键词设为 Tokenkeeper" },
  },
];

/**
 * Robots of Feishu and Lark groups.
 * Source: Feishu, "自定义机器人使用指南" (open.feishu.cn/document/client-docs/bot-v3/add-custom-bot): POST of a card to the webhook
 * address. All texts are `plain_text`, in which nothing is markup.
 */
export const feishu: Format = {
  request({ kind, title, lines, items, link }, { url, secret, now }) {
    const texts = [...lines.map((line) => `${line.label}: ${line.text}`), ...items.map((item) => `· ${item}`)];
    const card = {
      config: { wide_screen_mode: true },
      header: { title: plainText(title), template: COLOURS[kind] },
      elements: [
        { tag: "div", text: plainText(cutLines([...texts, "Tokenkeeper"], MOST_BYTES, "\n")) },
        ...(link
          ? [
              {
                tag: "action",
                actions: [{ tag: "button", type: "default", text: plainText(link.text), url: link.url }],
              },
            ]
          : []),
      ],
    };
    const timestamp = Math.floor(now / SECOND);
    const signature = secret === undefined ? {} : { timestamp: String(timestamp), sign: feishuSign(secret, timestamp) };
    return { url, headers: JSON_HEADERS, body: JSON.stringify({ ...signature, msg_type: "interactive", card }) };
  },
  judge: (body) => judgeCode(fieldOf(body, "code"), CODES),
};

/**
 * Base64 of HMAC-SHA256 over nothing, with `<timestamp>\n<secret>` as its key.
 * Source: Feishu, "自定义机器人使用指南", 签名校验.
 * @param timestamp epoch s, within an hour of the robot's clock
 */
export function feishuSign(secret: string, timestamp: number): string {
  return createHmac("sha256", `${timestamp}\n${secret}`).digest("base64");
}

function plainText(content: string): { tag: "plain_text"; content: string } {
  return { tag: "plain_text", content };
}
