import type { Fleet, Row } from "@tokenkeeper/ops";
import { healthyFleet } from "@tokenkeeper/ops/testing";
import { describe, expect, it } from "vitest";
import type { DoctorFacts, FleetFacts, WechatFacts } from "./doctor-facts.ts";
import { examine, type Diagnosis } from "./examine.ts";
import type { Finding } from "./finding.ts";

const fleet = healthyFleet(1_700_000_000_000, {
  queues: [{ name: "refresh", paused: false, counts: {} }],
  redis: { usedBytes: 10, limitBytes: 100 },
});
const row: Row = {
  id: "wx1:access_token",
  account: "wx1",
  kind: "access_token",
  name: "shop",
  token: "stable",
  state: "healthy",
  level: "ok",
  served: true,
  failures: 0,
  failedJobs: 0,
  used: 1,
  cap: 300,
  foreign: 0,
  last: { at: 0, reason: "due", outcome: "refreshed" },
};
const WECHAT: WechatFacts = {
  host: "api.weixin.qq.com",
  reach: { type: "answered", status: 404, aheadMs: 0 },
  proxies: [],
};
const WELL: DoctorFacts = {
  config: { type: "read", accounts: 2, following: 1, leader: "https://leader.example", warnings: [] },
  redis: { type: "reached", aheadMs: 0, withinMs: 1 },
  fleet: { fleet, rows: [row], refusedAddresses: {} },
  wechat: WECHAT,
  leader: { host: "leader.example", reach: { type: "answered", status: 404 } },
  dashboard: { type: "answered", status: 200 },
};

const withRedis = (redis: Partial<Fleet["redis"]>): DoctorFacts => ({
  ...WELL,
  fleet: { ...(WELL.fleet as FleetFacts), fleet: { ...fleet, redis: { ...fleet.redis, ...redis } } },
});
const withFleet = (changed: Partial<Fleet>): DoctorFacts => ({
  ...WELL,
  fleet: { ...(WELL.fleet as FleetFacts), fleet: { ...fleet, ...changed } },
});
const withRows = (...rows: readonly Partial<Row>[]): DoctorFacts => ({
  ...WELL,
  fleet: { fleet, rows: rows.map((each) => ({ ...row, ...each })), refusedAddresses: {} },
});
const REFUSED: Partial<Row> = {
  state: "blocked",
  level: "bad",
  trouble: { code: "40164", meaning: { en: "Not listed", zh: "不在名单" }, remedy: { en: "Add it", zh: "请加入" } },
};
const findings = ({ checks }: Diagnosis): [string, Finding][] =>
  checks.flatMap(({ name, findings: found }) => found.map((finding): [string, Finding] => [name, finding]));

describe("examine", () => {
  it("says of everything that it is well", () => {
    const diagnosis = examine(WELL);

    expect(diagnosis.level).toBe("ok");
    expect(new Set(findings(diagnosis).map(([, { level }]) => level))).toEqual(new Set(["ok"]));
  });

  it.each<[string, DoctorFacts, string, string, RegExp]>([
    ["an old Redis", withRedis({ version: "6.0.16" }), "redis-version", "problem", /version 6\.0\.16/],
    ["a replica", withRedis({ role: "slave" }), "redis-role", "problem", /leads to a replica/],
    [
      "a disk that takes nothing",
      withRedis({ persistenceOk: false }),
      "redis-persistence",
      "problem",
      /to disk failed/,
    ],
    ["memory above four fifths", withRedis({ usedBytes: 81 }), "redis-memory", "warning", /81 %/],
    ["memory that is full", withRedis({ usedBytes: 99 }), "redis-memory", "problem", /99 %/],
    ["no schedulers", withFleet({ schedulers: { count: 0, overdue: 0 } }), "schedulers", "problem", /none, although/],
    [
      "paused alerts",
      withFleet({ queues: [{ name: "alerts", paused: true, counts: {} }] }),
      "queues",
      "warning",
      /^The queue alerts is paused: nobody is told/,
    ],
    [
      "a paused account",
      withRows({ state: "paused", level: "warn" }),
      "credentials",
      "warning",
      /^shop · access_token/,
    ],
    ["a quota of which much is used", withRows({ used: 240 }), "quota", "warning", /240\/300/],
    ["a quota that is used up", withRows({ used: 300 }), "quota", "problem", /300\/300/],
    [
      "a configuration with a warning",
      { ...WELL, config: { type: "read", accounts: 1, following: 0, warnings: ["two have the same secret"] } },
      "config",
      "warning",
      /^two have the same secret\.$/,
    ],
    [
      "a name that is not resolved",
      { ...WELL, wechat: { ...WECHAT, reach: { type: "failed", at: "name" } } },
      "wechat",
      "problem",
      /^api\.weixin\.qq\.com: Its name is not resolved/,
    ],
    [
      "TLS that something breaks open",
      { ...WELL, wechat: { ...WECHAT, reach: { type: "failed", at: "tls" } } },
      "wechat",
      "problem",
      /certificate is refused/,
    ],
    [
      "a dashboard behind a proxy that leads nowhere",
      { ...WELL, dashboard: { type: "answered", status: 502 } },
      "dashboard",
      "problem",
      /status 502/,
    ],
    [
      "a clock some seconds off",
      { ...WELL, redis: { type: "reached", aheadMs: -4_000, withinMs: 1 } },
      "clock-redis",
      "warning",
      /4 s behind that of Redis/,
    ],
    [
      "a leader behind a proxy that leads nowhere",
      { ...WELL, leader: { host: "leader.example", reach: { type: "answered", status: 502 } } },
      "leader",
      "problem",
      /^leader\.example answers with the status 502\.$/,
    ],
    [
      "a leader whose certificate a private CA signed",
      { ...WELL, leader: { host: "leader.example", reach: { type: "failed", at: "tls" } } },
      "leader",
      "problem",
      /^leader\.example: Its certificate is refused\.$/,
    ],
    ["a Redis that is away", { ...WELL, redis: { type: "silent" } }, "redis", "problem", /does not answer/],
  ])("names %s, in both languages and with a remedy", (_case, ...[facts, check, level, sentence]) => {
    const bad = findings(examine(facts)).filter(([, finding]) => finding.level !== "ok");

    expect(bad.map(([name, finding]) => [name, finding.level])).toContainEqual([check, level]);
    const found = bad.find(([name]) => name === check)?.[1];
    expect(found?.sentence.en).toMatch(sentence);
    expect(found?.remedy?.en).toMatch(/^\W?\w.{10}/);
    for (const text of [found?.remedy?.zh, check === "config" ? "字" : found?.sentence.zh]) {
      expect(text).toMatch(/\p{Script=Han}/u);
    }
  });

  it("skips what only Redis could tell when Redis is away", () => {
    const { fleet: _fleet, ...rest } = WELL;
    const levels = Object.fromEntries(
      findings(examine({ ...rest, redis: { type: "silent" } })).map(([name, { level }]) => [name, level]),
    );

    expect(levels).toMatchObject({ redis: "problem", "redis-policy": "skipped", workers: "skipped", wechat: "ok" });
    expect(levels).toMatchObject({ "clock-redis": "skipped", "clock-wechat": "ok", config: "ok" });
  });

  it("says nothing of WeChat where every account follows", () => {
    const { wechat: _wechat, ...rest } = withRows({ follows: true }, { name: "walled", follows: true, ...REFUSED });

    const levels = findings(examine(rest)).map(([name, { level }]) => [name, level]);

    expect(levels).toEqual(
      expect.arrayContaining([
        ["clock-wechat", "skipped"],
        ["wechat", "skipped"],
        ["whitelist", "skipped"],
        ["leader", "ok"],
        ["credentials", "problem"],
      ]),
    );
  });

  it("leaves what follows out of the whitelist", () => {
    const [, finding] = findings(
      examine(
        withRows({ follows: true }, { account: "wx2", last: { at: 0, reason: "missing", outcome: "transient" } }),
      ),
    ).find(([name]) => name === "whitelist") as [string, Finding];

    expect(finding.level).toBe("skipped");
  });

  it("counts the accounts whose whitelist has let the workers in", () => {
    const another = { account: "wx2", name: "spare" };
    const { last: _last, ...never } = { ...row, ...another };
    const facts = WELL.fleet as FleetFacts;
    const sentenceOf = (rows: readonly Row[]): string | undefined =>
      findings(examine({ ...WELL, fleet: { ...facts, rows } })).find(([name]) => name === "whitelist")?.[1].sentence.en;
    const ticket = { ...row, kind: "jsapi_ticket" } as const;

    expect(sentenceOf([row, ticket, never])).toMatch(/for 1 of 2 accounts; the others have fetched nothing yet/);
    expect(sentenceOf([row, ticket, { ...row, ...another }])).toMatch(/for every account/);
    expect(sentenceOf([never])).toMatch(/nothing was fetched yet/);
  });

  it("says the same thing about many credentials once", () => {
    const trouble = {
      code: "40125",
      meaning: { en: "The secret is wrong", zh: "AppSecret 错误" },
      remedy: { en: "Correct it", zh: "请改正" },
    };
    const blocked = Array.from({ length: 2_000 }, (_, index) => ({
      name: `shop-${String(index).padStart(4, "0")}`,
      state: "blocked" as const,
      level: "bad" as const,
      trouble,
    }));

    const found = findings(examine(withRows(...blocked))).filter(([name]) => name === "credentials");

    expect(found).toHaveLength(1);
    expect(found[0]?.[1].sentence.en).toMatch(/^shop-0000 · access_token, .* and 1995 more: The secret is wrong\./);
    expect(found[0]?.[1].sentence.zh).toMatch(
      /^shop-0000 · access_token、.*、shop-0004 · access_token 等 2000 个：AppSecret 错误/,
    );
  });
});
