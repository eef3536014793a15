// What the fleet's page shows of alerts, and the test alert.
import { createAlertsSource } from "@tokenkeeper/alerts";
import { INCIDENTS_KEY } from "@tokenkeeper/shared/contract";
import { createSimulator, type Simulator } from "@tokenkeeper/simulator";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startDashboard, type Running } from "./running.ts";

const SECRET = "robot-LEAKCANARY";

interface WecomBody {
  readonly markdown: { readonly content: string };
}

let simulator: Simulator;
let folder: string;
let board: Running;
let without: Running;
beforeAll(async () => {
  simulator = await createSimulator();
  folder = await mkdtemp(join(tmpdir(), "tokenkeeper-alerts-"));
  simulator.robots.put({ type: "wecom", id: SECRET });
  const url = (id: string): string => `${simulator.url}/cgi-bin/webhook/send?key=${id}`;
  const receivers = [
    { name: "ops", type: "wecom", url: url(SECRET) },
    { name: "gone", type: "wecom", url: url("nobody") },
  ];
  await writeFile(join(folder, "alerts.yaml"), JSON.stringify({ receivers }), { mode: 0o600 });
  board = await startDashboard({ alerts: createAlertsSource({ TOKENKEEPER_ALERTS: join(folder, "alerts.yaml") }) });
  without = await startDashboard();
});
afterAll(async () => {
  await board[Symbol.asyncDispose]();
  await without[Symbol.asyncDispose]();
  await simulator.close();
  await rm(folder, { recursive: true, force: true });
});

describe("alerts on the dashboard", () => {
  it("are told with their words and receivers, and never with an address", async () => {
    const incident = {
      rule: "NeedsPerson",
      subject: { account: "wx1234567890abcdef", name: "shop", kind: "access_token" },
      since: 1_700_000_000_000,
      facts: { state: "blocked", served: true, code: "40164", ip: "203.0.113.7" },
      opened: { at: 1_700_000_000_000, batch: "b", told: true },
      ended: { at: 1_700_000_060_000, batch: "e", told: true },
    };
    const { ended: _over, ...open } = incident;
    const key = "NeedsPerson:wx1234567890abcdef";
    await board.server.redis.hset(INCIDENTS_KEY, `${key}:access_token`, JSON.stringify(open));
    await board.server.redis.hset(INCIDENTS_KEY, `${key}:jsapi_ticket`, JSON.stringify(incident), "garbage", "{");

    const { body } = await board.send({ path: "/api/alerts", headers: { Cookie: await board.session("viewer") } });

    const overview = JSON.parse(body) as { receivers: object[]; incidents: object[] };
    expect(overview.receivers).toEqual([
      { name: "ops", type: "wecom" },
      { name: "gone", type: "wecom" },
    ]);
    expect(overview.incidents).toContainEqual(
      expect.objectContaining({
        rule: "NeedsPerson",
        severity: "page",
        title: { en: "Needs a person", zh: "需要人工处理" },
        remedy: expect.objectContaining({ en: expect.stringContaining("203.0.113.7") }),
      }),
    );
    expect(body).not.toContain("LEAKCANARY");
  });

  it("can be tried by an admin: each receiver's answer is said, and the act is audited", async () => {
    const ask = { method: "POST", path: "/api/alerts/test" };
    const denied = await board.sendOwn({ ...ask, headers: { Cookie: await board.session("operator") } });
    const sent = await board.sendOwn({ ...ask, headers: { Cookie: await board.session("admin") } });

    expect(denied.status).toBe(403);
    expect(JSON.parse(sent.body)).toEqual({
      results: [
        { receiver: "ops", type: "wecom", delivered: true },
        {
          receiver: "gone",
          type: "wecom",
          delivered: false,
          code: "93000",
          reason: { en: expect.stringContaining("no robot"), zh: expect.stringContaining("无效") },
        },
      ],
    });
    const tests = simulator.robots.messages().filter(({ body }) => JSON.stringify(body).includes("测试"));
    expect(tests.filter(({ accepted }) => accepted)).toHaveLength(1);
    expect(await board.audited()).toContainEqual(
      expect.objectContaining({ user: "admin", action: "test_alert", result: "failed" }),
    );
  });

  it("tell once that Redis itself does not answer, and once that it does again", async () => {
    const url = `${simulator.url}/cgi-bin/webhook/send?key=outage`;
    simulator.robots.put({ type: "wecom", id: "outage" });
    const receivers = [{ name: "ops", type: "wecom", url, rules: ["RedisRisk"] }];
    await writeFile(join(folder, "outage.yaml"), JSON.stringify({ receivers }), { mode: 0o600 });
    const alerts = createAlertsSource({ TOKENKEEPER_ALERTS: join(folder, "outage.yaml") });
    await using other = await startDashboard({ alerts, timeScale: 60 });
    const told = (): string[] =>
      simulator.robots.messages({ id: "outage" }).map(({ body }) => (body as WecomBody).markdown.content);
    const heard = (count: number): Promise<void> =>
      eventually(() => expect(told()).toHaveLength(count), { what: `${count} messages`, timeoutMs: 30_000 });

    await other.server.down();
    await heard(1);
    await other.server.restart();
    await heard(2);

    expect(told()).toEqual([
      expect.stringMatching(/紧急: Redis 存在风险[^]*看板无法访问 Redis/),
      expect.stringMatching(/已恢复: Redis 存在风险/),
    ]);
  });

  it("say that there are none where no file is set", async () => {
    const Cookie = await without.session("admin");

    const overview = await without.send({ path: "/api/alerts", headers: { Cookie } });
    const sent = await without.sendOwn({ method: "POST", path: "/api/alerts/test", headers: { Cookie } });

    expect(JSON.parse(overview.body)).toBeNull();
    expect([sent.status, sent.body]).toEqual([409, expect.stringContaining("TOKENKEEPER_ALERTS")]);
  });
});
