import { describe, expect, it } from "vitest";
import type { Message } from "../message.ts";
import { RECEIVER_TYPES } from "../receiver.ts";
import { dingtalkSign } from "./dingtalk.ts";
import { feishuSign } from "./feishu.ts";
import { cutLines, plain } from "./format.ts";
import { FORMATS } from "./formats.ts";
import { webhookSign } from "./webhook.ts";

const NOW = 1_700_000_000_000;
const HOSTILE = "</font>[a](http://evil.example) **b** `c` <@all>\n# d\u202E";

const message: Message = {
  id: "NeedsPerson-opened-1",
  kind: "page",
  title: `Urgent · ${HOSTILE}`,
  lines: [{ label: "Credential", text: HOSTILE }],
  items: [HOSTILE],
  link: { text: "Open", url: "https://keeper.example.com/credentials/wx1234567890abcdef/access_token" },
  data: { rule: "NeedsPerson", severity: "page", at: NOW, count: 1, incidents: [] },
};

// The expected ones were computed with Python's hmac and with openssl.
describe("signatures", () => {
  it("of DingTalk have the secret as key and in the text", () => {
    expect(dingtalkSign("this is secret", 1_577_262_236_757)).toBe("hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM=");
  });

  it("of Feishu have timestamp and secret as key of nothing", () => {
    expect(feishuSign("demo", 1_599_360_473)).toBe("l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=");
  });

  it("of a webhook are over timestamp and body", () => {
    expect(webhookSign("0123456789abcdef", 1_700_000_000, '{"id":"x"}')).toBe(
      "f1cf8ba6a2fa64bd8193b9db564f42cd35d0fc2a46f6a2c2903f897838a7f23a",
    );
  });

  it("stand where the robots look for them", () => {
    const target = { secret: "SEC0123456789", now: NOW };
    const ding = FORMATS.dingtalk.request(message, {
      ...target,
      url: "https://oapi.dingtalk.com/robot/send?access_token=x",
    });
    const feishu = FORMATS.feishu.request(message, {
      ...target,
      url: "https://open.feishu.cn/open-apis/bot/v2/hook/x",
    });
    const webhook = FORMATS.webhook.request(message, { ...target, url: "https://ops.example.com/hook" });

    const query = new URL(ding.url).searchParams;
    expect([...query.keys()]).toEqual(["access_token", "timestamp", "sign"]);
    expect(query.get("sign")).toBe(dingtalkSign(target.secret, NOW));
    expect(JSON.parse(feishu.body)).toMatchObject({
      timestamp: "1700000000",
      sign: feishuSign(target.secret, 1_700_000_000),
    });
    expect(webhook.headers["x-tokenkeeper-signature"]).toBe(
      `sha256=${webhookSign(target.secret, 1_700_000_000, webhook.body)}`,
    );
  });

  it("are left out without a secret", () => {
    const target = { url: "https://oapi.dingtalk.com/robot/send?access_token=x", now: NOW };

    expect(FORMATS.dingtalk.request(message, target).url).toBe(target.url);
    expect(Object.keys(JSON.parse(FORMATS.feishu.request(message, target).body) as object)).toEqual([
      "msg_type",
      "card",
    ]);
    expect(FORMATS.webhook.request(message, target).headers).not.toHaveProperty("x-tokenkeeper-signature");
  });
});

describe("what comes from outside", () => {
  it("is no markup, no link and no mention for a robot that knows markdown", () => {
    const { markdown } = JSON.parse(FORMATS.wecom.request(message, { url: "https://x/", now: NOW }).body) as {
      markdown: { content: string };
    };
    const { markdown: ding } = JSON.parse(FORMATS.dingtalk.request(message, { url: "https://x/", now: NOW }).body) as {
      markdown: { title: string; text: string };
    };

    for (const text of [markdown.content, ding.text]) {
      expect(text.match(/\]\(/g)).toHaveLength(1);
      expect(text).not.toMatch(/<@|`|\u202E|<\/font>\[/);
    }
    expect(markdown.content.match(/<\/?font/g)).toHaveLength(2);
    expect(markdown.content.split("\n")).toHaveLength(4);
  });

  it("is a plain text for Feishu", () => {
    const { card } = JSON.parse(FORMATS.feishu.request(message, { url: "https://x/", now: NOW }).body) as {
      card: object;
    };

    expect(JSON.stringify(card).match(/"tag":"lark_md"/)).toBeNull();
  });

  it("keeps its letters", () => {
    expect(plain("商城 · shop_1 · 203.0.113.7")).toBe("商城 · shop_1 · 203.0.113.7");
    expect(plain("a<b>[c]*d`e~f@g\\h\n\ti")).toBe("a＜b＞［c］＊d｀e～f＠g＼h i");
  });
});

describe("long messages", () => {
  const long = { ...message, items: Array.from({ length: 500 }, (_item, index) => `商城 ${index} · access_token`) };

  it.each([
    ["wecom", 4_096],
    ["dingtalk", 20_000],
    ["feishu", 20_000],
  ] as const)("are cut for %s at the end of a line, with their link", (type, most) => {
    const { body } = FORMATS[type].request(long, { url: "https://x/", now: NOW });
    const content = type === "wecom" ? (JSON.parse(body) as { markdown: { content: string } }).markdown.content : body;

    expect(Buffer.byteLength(content)).toBeLessThanOrEqual(most);
    expect(body).toContain("https://keeper.example.com/credentials/wx1234567890abcdef/access_token");
    expect(cutLines(["aa", "bb", "cc"], 7, "\n")).toBe("aa\nbb");
  });
});

describe("answers", () => {
  it.each([
    ["wecom", { errcode: 0, errmsg: "ok" }, { type: "accepted" }],
    ["wecom", { errcode: 45_009, errmsg: "api freq out of limit" }, { type: "retry", afterMs: 60_000 }],
    ["wecom", { errcode: 93_000, errmsg: "invalid webhook url" }, { type: "refused" }],
    ["dingtalk", { errcode: 0, errmsg: "ok" }, { type: "accepted" }],
    ["dingtalk", { errcode: 130_101, errmsg: "send too fast" }, { type: "retry", afterMs: 600_000 }],
    ["dingtalk", { errcode: 310_000, errmsg: "sign not match" }, { type: "refused" }],
    ["feishu", { code: 0, msg: "success" }, { type: "accepted" }],
    ["feishu", { code: 11_232, msg: "frequency limited" }, { type: "retry", afterMs: 60_000 }],
    ["feishu", { code: 9_499, msg: "Bad Request" }, { type: "retry", afterMs: 60_000 }],
    ["feishu", { code: 19_021, msg: "sign match fail" }, { type: "refused" }],
    ["wecom", { errcode: 99_999 }, { type: "retry" }],
    ["wecom", { errcode: "0" }, { type: "retry" }],
    ["wecom", [], { type: "retry" }],
  ] as const)("of %s: %j is %j", (type, answer, verdict) => {
    expect(FORMATS[type].judge(JSON.stringify(answer))).toMatchObject(verdict);
  });

  it("that are no JSON accept nothing but a webhook's", () => {
    expect(RECEIVER_TYPES.filter((type) => FORMATS[type].judge("<html>").type === "accepted")).toEqual(["webhook"]);
  });

  it("that refuse say what to do in both languages, and nothing of the robot's own words", () => {
    const verdict = FORMATS.wecom.judge('{"errcode":93000,"errmsg":"LEAKCANARY"}');

    expect(verdict).toMatchObject({
      code: "93000",
      reason: { en: expect.stringContaining("webhook address"), zh: expect.stringContaining("webhook 地址") },
    });
    expect(JSON.stringify(verdict)).not.toContain("LEAKCANARY");
  });
});
