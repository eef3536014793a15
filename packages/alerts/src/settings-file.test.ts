import type { ReadFile } from "@tokenkeeper/core";
import { describe, expect, it } from "vitest";
import { RULES } from "./rules.ts";
import { parseAlertsFile, type AlertSettings } from "./settings-file.ts";

const WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=LEAKCANARY-0123456789";
const DING = "https://oapi.dingtalk.com/robot/send?access_token=LEAKCANARY";
const FEISHU = "https://open.feishu.cn/open-apis/bot/v2/hook/LEAKCANARY";

const FILES: Readonly<Record<string, string>> = { "/run/url": `${WECOM}\n`, "/run/secret": "SECLEAKCANARY\n" };
const readFile: ReadFile = (path) => {
  const text = FILES[path];
  if (text === undefined) throw new Error("ENOENT");
  return { bytes: new TextEncoder().encode(text), mode: path === "/run/url" ? 0o644 : 0o400 };
};
const env = { ROBOT: WECOM };

function parse(text: string): ReturnType<typeof parseAlertsFile> {
  return parseAlertsFile(new TextEncoder().encode(text), { env, readFile });
}

function accepted(text: string): AlertSettings {
  const parsed = parse(text);
  if ("problems" in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed;
}

const receiver = (fields: object): string =>
  JSON.stringify({ receivers: [{ name: "ops", type: "wecom", url: WECOM, ...fields }] });
const file = (fields: object): string =>
  JSON.stringify({ receivers: [{ name: "ops", type: "wecom", url: WECOM }], ...fields });

describe("a file of alerts", () => {
  it("takes receivers of every type, addresses and secrets from variables and files", () => {
    const settings = accepted(`
language: en
receivers:
  - { name: ops, type: wecom, url: "\${ROBOT}" }
  - { name: night, type: wecom, urlFile: /run/url, severities: [page] }
  - { name: 群, type: dingtalk, url: "${DING}", secretFile: /run/secret, language: zh }
  - { name: shop, type: feishu, url: "${FEISHU}", secret: SECLEAKCANARY, accounts: [shop] }
  - { name: hook, type: webhook, url: "http://10.0.0.7:8080/hook", rules: [NoWorker] }
quietHours: { from: "22:00", to: "08:30", timeZone: Asia/Shanghai }
rules:
  TokenMissing: { for: 3m }
  CoolDown: { severity: page }
  RefreshOverdue: { off: true }
  QuotaHigh: { share: 0.5 }
`);

    expect(
      settings.receivers.map(({ name, url, secret, language }) => [name, url.reveal(), secret?.reveal(), language]),
    ).toEqual([
      ["ops", WECOM, undefined, "en"],
      ["night", WECOM, undefined, "en"],
      ["群", DING, "SECLEAKCANARY", "zh"],
      ["shop", FEISHU, "SECLEAKCANARY", "en"],
      ["hook", "http://10.0.0.7:8080/hook", undefined, "en"],
    ]);
    expect(
      settings.receivers.map(({ severities, accounts, rules }) => ({ severities, accounts, rules })),
    ).toMatchObject([
      { severities: ["page", "ticket"] },
      { severities: ["page"] },
      {},
      { accounts: ["shop"] },
      { rules: ["NoWorker"] },
    ]);
    expect(settings.quietHours).toEqual({ from: 22 * 60, to: 8 * 60 + 30, timeZone: "Asia/Shanghai" });
    expect(settings.rules).toMatchObject({
      TokenMissing: { for: 180_000, severity: "page", off: false },
      CoolDown: { severity: "page" },
      RefreshOverdue: { off: true },
      NoWorker: { for: RULES.NoWorker.for },
    });
    expect(settings.thresholds).toMatchObject({ quotaShare: 0.5, memoryShare: 0.8 });
    expect(settings.warnings).toEqual(["receivers[1].urlFile: others may read this file; set its mode to 0400"]);
  });

  it("prints as a box, wherever it is printed", () => {
    expect(JSON.stringify(accepted(receiver({})))).not.toContain("LEAKCANARY");
  });

  it.each<[string, string, string]>([
    ["an empty file", "", "TOKENKEEPER_ALERTS: expected receivers, got an empty file"],
    ["no mapping", "[]", "TOKENKEEPER_ALERTS: expected a mapping with receivers, got a list"],
    ["no receivers", "{}", "TOKENKEEPER_ALERTS receivers: expected a list of receivers, got nothing"],
    ["an empty list", "receivers: []", "TOKENKEEPER_ALERTS receivers: expected at least one receiver, got a list"],
    [
      "a misspelt key",
      file({ quiethour: {} }),
      'TOKENKEEPER_ALERTS quiethour: expected one of language, receivers, quietHours, rules, got the unknown key "quiethour"; did you mean quietHours?',
    ],
    [
      "a misspelt rule",
      file({ rules: { TokenMising: {} } }),
      `TOKENKEEPER_ALERTS rules.TokenMising: expected one of ${Object.keys(RULES).join(", ")}, got the unknown key "TokenMising"; did you mean TokenMissing?`,
    ],
    [
      "a share where there is none",
      file({ rules: { NoWorker: { share: 1 } } }),
      'TOKENKEEPER_ALERTS rules.NoWorker.share: expected one of for, severity, off, got the unknown key "share"',
    ],
    [
      "a wrong duration",
      file({ rules: { NoWorker: { for: "2 min" } } }),
      'TOKENKEEPER_ALERTS rules.NoWorker.for: expected a duration from 0s to 24h, such as 2m, got "2 min"',
    ],
    ["another language", file({ language: "fr" }), 'TOKENKEEPER_ALERTS language: expected zh or en, got "fr"'],
    [
      "no time zone",
      file({ quietHours: { from: "22:00", to: "8:00", timeZone: "Mars" } }),
      'TOKENKEEPER_ALERTS quietHours.timeZone: expected a time zone such as Asia/Shanghai, got "Mars"',
    ],
    [
      "no time of day",
      file({ quietHours: { from: "22:00", to: "8:00", timeZone: "UTC" } }),
      'TOKENKEEPER_ALERTS quietHours.to: expected a time of day such as "22:00", got "8:00"',
    ],
    [
      "quiet hours without length",
      file({ quietHours: { from: "22:00", to: "22:00", timeZone: "UTC" } }),
      "TOKENKEEPER_ALERTS quietHours: expected two different times, got a mapping",
    ],
    [
      "an unknown type",
      receiver({ type: "slack" }),
      'TOKENKEEPER_ALERTS receivers[0].type: expected wecom, dingtalk, feishu, webhook, got "slack"',
    ],
    [
      "no address",
      receiver({ url: undefined }),
      "TOKENKEEPER_ALERTS receivers[0]: expected either url or urlFile, got neither",
    ],
    [
      "two addresses",
      receiver({ urlFile: "/run/url" }),
      "TOKENKEEPER_ALERTS receivers[0]: expected either url or urlFile, got both",
    ],
    [
      "a file that is not there",
      receiver({ url: undefined, urlFile: "/run/none" }),
      'TOKENKEEPER_ALERTS receivers[0].urlFile: expected a file that can be read, got "/run/none"',
    ],
    [
      "a variable that is not set",
      receiver({ url: "${OTHER}" }),
      "TOKENKEEPER_ALERTS receivers[0].url: expected the environment variable OTHER to be set, got nothing",
    ],
    [
      "an address that is a number",
      receiver({ url: 7 }),
      "TOKENKEEPER_ALERTS receivers[0].url: expected a text, got a number",
    ],
    [
      "another host",
      receiver({ url: "https://evil.example/LEAKCANARY" }),
      'TOKENKEEPER_ALERTS receivers[0].url: expected the robot\'s address, https://qyapi.weixin.qq.com/…, got "https://evil.example"',
    ],
    [
      "a robot over http",
      receiver({ url: WECOM.replace("https", "http") }),
      'TOKENKEEPER_ALERTS receivers[0].url: expected the robot\'s address, https://qyapi.weixin.qq.com/…, got "http://qyapi.weixin.qq.com"',
    ],
    [
      "a webhook over http outside",
      receiver({ type: "webhook", url: "http://ops.example.com/LEAKCANARY" }),
      'TOKENKEEPER_ALERTS receivers[0].url: expected an address, https://… (http://… only on this machine or in a private network), got "http://ops.example.com"',
    ],
    [
      "an address with a password",
      receiver({ type: "webhook", url: "https://a:LEAKCANARY@ops.example.com/" }),
      'TOKENKEEPER_ALERTS receivers[0].url: expected an address, https://… (http://… only on this machine or in a private network), got "https://ops.example.com" with a user, a password or a fragment',
    ],
    [
      "no address at all",
      receiver({ url: "LEAKCANARY" }),
      "TOKENKEEPER_ALERTS receivers[0].url: expected the robot's address, https://qyapi.weixin.qq.com/…, got a value of 10 characters",
    ],
    [
      "a secret for WeCom",
      receiver({ secret: "SECLEAKCANARY" }),
      "TOKENKEEPER_ALERTS receivers[0].secret: expected nothing: robots of wecom do not sign, got a secret",
    ],
    [
      "a short secret",
      receiver({ type: "feishu", url: FEISHU, secret: "x" }),
      "TOKENKEEPER_ALERTS receivers[0].secret: expected a secret of 8 to 256 characters, got a value of 1 characters",
    ],
    [
      "two receivers of one name",
      JSON.stringify({ receivers: [1, 2].map(() => ({ name: "ops", type: "wecom", url: WECOM })) }),
      "TOKENKEEPER_ALERTS receivers[1].name: expected a name that no other receiver has, got that of receivers[0]",
    ],
  ])("is refused with its place: %s", (_what, text, problem) => {
    const parsed = parse(text);

    const problems = "problems" in parsed ? parsed.problems : [];
    expect(problems.map(({ path, expected, got }) => `${path}: expected ${expected}, got ${got}`)).toContain(problem);
    expect(JSON.stringify(problems)).not.toContain("LEAKCANARY");
  });

  it("tells all problems at once", () => {
    const parsed = parse(
      JSON.stringify({
        language: "fr",
        receivers: [
          { name: "", type: "wecom" },
          { type: "feishu", url: "https://x/" },
        ],
        rules: { X: {} },
      }),
    );

    expect("problems" in parsed && parsed.problems.map(({ path }) => path).toSorted()).toEqual([
      "TOKENKEEPER_ALERTS language",
      "TOKENKEEPER_ALERTS receivers[0]",
      "TOKENKEEPER_ALERTS receivers[0].name",
      "TOKENKEEPER_ALERTS receivers[1].name",
      "TOKENKEEPER_ALERTS receivers[1].url",
      "TOKENKEEPER_ALERTS rules.X",
    ]);
  });
});
