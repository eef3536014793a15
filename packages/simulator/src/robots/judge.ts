import { createHmac } from "node:crypto";
import type { RobotAnswer, RobotInput, RobotRequest, RobotType } from "./robot.ts";

// Whether a robot takes a message, in the order in which the real ones look, and what it answers. Pure.

/** What there is to know beside the message. */
export interface Moment {
  /** Epoch ms. */
  readonly now: number;
  /** Messages of the last minute, epoch ms, and of the last second for Feishu. */
  readonly lastMinute: number;
  readonly lastSecond: number;
  /** DingTalk takes nothing for 10 minutes after too many. */
  readonly barred: boolean;
}

/** Messages a minute, and a second where that is limited. Sources: see the judge of each. */
export const LIMITS: Readonly<Partial<Record<RobotType, { minute: number; second: number }>>> = {
  wecom: { minute: 20, second: Number.POSITIVE_INFINITY },
  dingtalk: { minute: 20, second: Number.POSITIVE_INFINITY },
  feishu: { minute: 100, second: 5 },
};

const HOUR = 3_600_000;

type Judge = (robot: RobotInput | undefined, request: RobotRequest, moment: Moment) => RobotAnswer;

/** The judges by the type of their robot. */
export const JUDGES: Readonly<Record<RobotType, Judge>> = { wecom, dingtalk, feishu, webhook };

/** Source: WeCom, "消息推送配置说明" (developer.work.weixin.qq.com/document/path/99110) and "全局错误码". */
function wecom(robot: RobotInput | undefined, { body }: RobotRequest, moment: Moment): RobotAnswer {
  if (!robot) return robotAnswer(93_000, "invalid webhook url");
  const message = objectOf(body);
  if (!message) return robotAnswer(40_008, "invalid message type");
  const { msgtype } = message;
  if (msgtype !== "text" && msgtype !== "markdown") return robotAnswer(40_008, "invalid message type");
  const content = fieldOf(message[msgtype], "content");
  if (typeof content !== "string" || content === "") return robotAnswer(44_004, "empty content");
  const most = msgtype === "text" ? 2_048 : 4_096;
  if (Buffer.byteLength(content) > most) return robotAnswer(40_058, `${msgtype}.content exceed max length ${most}`);
  if (isTooMany("wecom", moment)) return robotAnswer(45_009, "api freq out of limit");
  return robotAnswer(0, "ok");
}

/** Sources: DingTalk, "自定义机器人接入" and "自定义机器人安全设置" (open.dingtalk.com/document/robots/custom-robot-access). */
function dingtalk(robot: RobotInput | undefined, { query, headers, body }: RobotRequest, moment: Moment): RobotAnswer {
  if (!robot) return robotAnswer(300_005, "token is not exist");
  if (!headers["content-type"]?.startsWith("application/json")) return robotAnswer(43_004, "invalid content-type");
  if (robot.secret !== undefined) {
    const timestamp = query.get("timestamp") ?? "";
    if (!/^\d{13}$/.test(timestamp) || Math.abs(Number(timestamp) - moment.now) > HOUR) {
      return robotAnswer(310_000, "invalid timestamp");
    }
    const sign = createHmac("sha256", robot.secret).update(`${timestamp}\n${robot.secret}`).digest("base64");
    if (query.get("sign") !== sign) return robotAnswer(310_000, "sign not match");
  }
  const message = objectOf(body);
  if (!message) return robotAnswer(40_035, "param error");
  if (!contains(robot, body)) return robotAnswer(310_000, "keywords not in content");
  const { msgtype } = message;
  const needed = msgtype === "text" ? ["content"] : msgtype === "markdown" ? ["title", "text"] : undefined;
  if (!needed) return robotAnswer(400_105, "unsupported msgtype");
  if (!needed.every((name) => typeof fieldOf(message[String(msgtype)], name) === "string")) {
    return robotAnswer(40_035, "param error");
  }
  if (Buffer.byteLength(body) > 20_000) return robotAnswer(460_101, "message too long, exceed 20000 bytes");
  if (moment.barred || isTooMany("dingtalk", moment)) {
    return robotAnswer(130_101, "send too fast, exceed 20 times per minute");
  }
  return robotAnswer(0, "ok");
}

/** Source: Feishu, "自定义机器人使用指南" (open.feishu.cn/document/client-docs/bot-v3/add-custom-bot). */
function feishu(robot: RobotInput | undefined, { body }: RobotRequest, moment: Moment): RobotAnswer {
  const refuse = (code: number, msg: string): RobotAnswer => answer(false, { code, msg, data: {} });
  if (!robot) return refuse(19_001, "param invalid: incoming webhook access token invalid");
  const message = objectOf(body);
  if (!message || Buffer.byteLength(body) > 20 * 1024) return refuse(9_499, "Bad Request");
  if (robot.secret !== undefined) {
    const timestamp = String(message["timestamp"]);
    const sign = createHmac("sha256", `${timestamp}\n${robot.secret}`).digest("base64");
    const inTime = /^\d{10}$/.test(timestamp) && Math.abs(Number(timestamp) * 1_000 - moment.now) <= HOUR;
    if (!inTime || message["sign"] !== sign) {
      return refuse(19_021, "sign match fail or timestamp is not within one hour from current time");
    }
  }
  if (!contains(robot, body)) return refuse(19_024, "Key Words Not Found");
  const { msg_type: type, content, card } = message;
  const isText = type === "text" && typeof fieldOf(content, "text") === "string";
  const isCard = type === "interactive" && Array.isArray(fieldOf(card, "elements"));
  if (!isText && !isCard) return refuse(9_499, "Bad Request");
  if (isTooMany("feishu", moment)) {
    return refuse(11_232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]");
  }
  return answer(true, { StatusCode: 0, StatusMessage: "success", code: 0, data: {}, msg: "success" });
}

/** A program of one's own: takes what is signed as `x-tokenkeeper-signature` says, or anything without a secret. */
function webhook(robot: RobotInput | undefined, { headers, body }: RobotRequest): RobotAnswer {
  if (!robot) return { accepted: false, status: 404, body: "" };
  if (robot.secret !== undefined) {
    const timestamp = headers["x-tokenkeeper-timestamp"] ?? "";
    const sign = createHmac("sha256", robot.secret).update(`${timestamp}.${body}`).digest("hex");
    if (headers["x-tokenkeeper-signature"] !== `sha256=${sign}`) return { accepted: false, status: 401, body: "" };
  }
  return objectOf(body) ? { accepted: true, status: 204, body: "" } : { accepted: false, status: 400, body: "" };
}

function robotAnswer(errcode: number, errmsg: string): RobotAnswer {
  return answer(errcode === 0, { errcode, errmsg });
}

function answer(accepted: boolean, body: object): RobotAnswer {
  return { accepted, status: 200, body: JSON.stringify(body) };
}

function isTooMany(type: RobotType, { lastMinute, lastSecond }: Moment): boolean {
  const { minute = Number.POSITIVE_INFINITY, second = Number.POSITIVE_INFINITY } = LIMITS[type] ?? {};
  return lastMinute >= minute || lastSecond >= second;
}

function contains({ keyword }: RobotInput, body: string): boolean {
  return keyword === undefined || body.includes(keyword);
}

function objectOf(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
}
