import { MINUTE } from "@tokenkeeper/shared/contract";
import type { Message } from "../message.ts";
import { cutLines, fieldOf, JSON_HEADERS, judgeCode, plain, type Format, type RobotCode } from "./format.ts";

/** Source: WeCom, "消息推送配置说明": the content of markdown, bytes. */
const MOST_BYTES = 4_096;
/** Source: the same: the three colours of markdown are info (green), comment (grey), warning (orange). */
const COLOURS: Readonly<Record<Message["kind"], string>> = {
  page: "warning",
  ticket: "comment",
  recovered: "info",
  test: "info",
};

/** Source: WeCom, "全局错误码" (developer.work.weixin.qq.com/document/path/90313). */
const CODES: readonly RobotCode[] = [
  { code: -1, type: "retry", reason: { en: "WeCom is busy", zh: "企业微信系统繁忙" } },
  {
    code: 45_009,
    type: "retry",
    afterMs: MINUTE,
    reason: { en: "The robot takes 20 messages a minute", zh: "机器人每分钟最多接收 20 条消息" },
  },
  {
    code: 93_000,
    type: "refused",
    reason: {
      en: "There is no robot at this address: copy its webhook address into the file of alerts again",
      zh: "webhook 地址无效，请将机器人的 webhook 地址重新写入告警文件",
    },
  },
  {
    code: 93_004,
    type: "refused",
    reason: { en: "The robot is disabled: enable it in its group", zh: "机器人已停用，请在群中重新启用" },
  },
  {
    code: 93_008,
    type: "refused",
    reason: { en: "The robot is not in a group any more: add it again", zh: "机器人不在群中，请重新添加" },
  },
  {
    code: 40_058,
    type: "refused",
    reason: {
      en: "WeCom does not take the form of the message: report it as a bug",
      zh: "消息格式不被接受，请反馈此缺陷",
    },
  },
];

/**
 * Robots of WeCom groups.
 * Source: WeCom, "消息推送配置说明" (developer.work.weixin.qq.com/document/path/99110): POST to the webhook address, markdown of a
 * subset: headings, bold, links, code, quotes and three colours; 20 messages a minute; always status 200.
 */
export const wecom: Format = {
  request(message, { url }) {
    const { kind, title, lines, items, link } = message;
    const text = [
      `### <font color="${COLOURS[kind]}">${plain(title)}</font>`,
      ...lines.map((line) => `> **${plain(line.label)}**: ${plain(line.text)}`),
      ...items.map((item) => `> ${plain(item)}`),
    ];
    const last = link ? `\n[${plain(link.text)}](${link.url})` : "";
    const content = `${cutLines(text, MOST_BYTES - Buffer.byteLength(last), "\n")}${last}`;
    return { url, headers: JSON_HEADERS, body: JSON.stringify({ msgtype: "markdown", markdown: { content } }) };
  },
  judge: (body) => judgeCode(fieldOf(body, "errcode"), CODES),
};
