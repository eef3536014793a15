// docs/alerts.md: the messages that it shows are those that the robots get, and its tables are those of the code.
import { secretOf, type ReadFile } from "@tokenkeeper/core";
import { RULES } from "@tokenkeeper/alerts";
import { createSimulator, type RobotType, type Simulator } from "@tokenkeeper/simulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AlertJob } from "../packages/alerts/src/alert-job.ts";
import { messageOf } from "../packages/alerts/src/message.ts";
import type { Receiver } from "../packages/alerts/src/receiver.ts";
import { createSender, type Sender } from "../packages/alerts/src/sender.ts";
import { parseAlertsFile } from "../packages/alerts/src/settings-file.ts";
import { knownAlertKeysAt } from "../packages/alerts/src/settings-schema.ts";
import { RULE_WORDS } from "../packages/alerts/src/words.ts";
import { blockOf, codeIn, readDocument, rowsUnder } from "./support/markdown.ts";

const NOW = Date.parse("2026-11-24T10:00:00Z");
const SECRET = "SEC0123456789";

const OPENED: AlertJob = {
  receiver: "ops",
  rule: "NeedsPerson",
  severity: "page",
  transition: "opened",
  batch: "NeedsPerson-opened-1",
  at: NOW,
  count: 1,
  incidents: [
    {
      key: "NeedsPerson:wx1234567890abcdef:access_token",
      subject: { account: "wx1234567890abcdef", name: "shop", kind: "access_token" },
      since: NOW - 90_000,
      facts: {
        state: "blocked",
        served: true,
        code: "40164",
        ip: "203.0.113.7",
        endsAt: NOW + 3_600_000,
      },
    },
  ],
};
const RECOVERED: AlertJob = {
  ...OPENED,
  transition: "recovered",
  batch: "NeedsPerson-recovered-2",
  incidents: OPENED.incidents.map((entry) => ({ ...entry, endedAt: NOW + 600_000 })),
};

/** What the test receiver of a type is sent, in the document's order. */
const SHOWN: readonly (readonly [RobotType, Receiver["language"], AlertJob])[] = [
  ["wecom", "zh", OPENED],
  ["wecom", "zh", RECOVERED],
  ["dingtalk", "zh", OPENED],
  ["feishu", "zh", OPENED],
  ["webhook", "en", OPENED],
];

let simulator: Simulator;
let sender: Sender;
beforeAll(async () => {
  simulator = await createSimulator({ now: () => NOW });
  sender = createSender({ deadlineMs: 10_000, connectMs: 5_000, clock: { now: () => NOW } });
});
afterAll(async () => {
  await sender.close();
  await simulator.close();
});

/** The body of a message as the receiver got it. */
async function got(type: RobotType, language: Receiver["language"], job: AlertJob): Promise<unknown> {
  const paths = {
    wecom: "/cgi-bin/webhook/send?key=ops",
    dingtalk: "/robot/send?access_token=ops",
    feishu: "/open-apis/bot/v2/hook/ops",
    webhook: "/webhook/ops",
  };
  const secret = type === "wecom" ? {} : { secret: SECRET };
  simulator.robots.put({ type, id: "ops", ...secret });
  const receiver: Receiver = {
    name: "ops",
    type,
    url: secretOf(`${simulator.url}${paths[type]}`),
    ...(type !== "wecom" && { secret: secretOf(SECRET) }),
    language,
    severities: ["page", "ticket"],
  };
  const style = { language, timeZone: "Asia/Shanghai", publicUrl: "https://keeper.example.com" };
  const verdict = await sender.send(receiver, messageOf(job.batch, job, style));
  expect(verdict).toEqual({ type: "accepted" });
  return simulator.robots.messages({ type }).at(-1)?.body;
}

describe("docs/alerts.md", () => {
  const read = (): Promise<string> => readDocument("docs/alerts.md");

  it("shows the messages as the test receivers got them", async () => {
    const blocks = [...(await read()).matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(
      ([, code = ""]) => JSON.parse(code) as unknown,
    );

    const sent: unknown[] = [];
    for (const [type, language, job] of SHOWN) sent.push(await got(type, language, job));
    expect(blocks).toEqual(sent);
  });

  it("has every rule with its words and severity, and no other", async () => {
    const rows = rowsUnder(await read(), "Rule");

    expect(rows.map(([name = "", words = "", severity = ""]) => [codeIn(name)[0], words, codeIn(severity)[0]])).toEqual(
      Object.entries(RULES).map(([name, { severity }]) => {
        const { zh, en } = RULE_WORDS[name as keyof typeof RULES];
        return [name, `${zh}<br>${en}`, severity];
      }),
    );
  });

  it.each(["`receivers` 的键", "Key of `receivers`"])("has every key of a receiver under %s", async (heading) => {
    const rows = rowsUnder(await read(), heading).flatMap(([name = ""]) => codeIn(name));

    expect(rows).toEqual(knownAlertKeysAt(["receivers", 0]));
  });

  it("shows a file that is accepted", async () => {
    const readFile: ReadFile = () => ({ bytes: new TextEncoder().encode("SEC0123456789"), mode: 0o400 });
    const env = {
      OPS_ROBOT: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x",
      NIGHT_ROBOT: "https://oapi.dingtalk.com/robot/send?access_token=x",
      SHOP_ROBOT: "https://open.feishu.cn/open-apis/bot/v2/hook/x",
    };

    const parsed = parseAlertsFile(new TextEncoder().encode(blockOf(await read(), "yaml")), { env, readFile });

    expect(parsed).toMatchObject({
      warnings: [],
      receivers: [{ type: "wecom" }, { type: "dingtalk" }, { type: "feishu" }, { type: "webhook" }],
    });
  });
});
