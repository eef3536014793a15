// Alert rules and dashboard: Prometheus takes them, they fire when they should, and they ask for metrics that exist.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import type { MetricTable } from "@tokenkeeper/ops";
import { createPrometheus } from "@tokenkeeper/ops/prometheus";
import { DASHBOARD_METRICS } from "../../packages/dashboard/src/metrics/dashboard-metrics.ts";
import { WORKER_METRICS } from "../../packages/worker/src/metrics/worker-metrics.ts";
import { blockOf, readDocument } from "../support/markdown.ts";
import { findPromtool } from "../support/promtool.ts";

const FOLDER = join(import.meta.dirname, "../../deploy/prometheus");
const run = promisify(execFile);
// `yaml` is a dependency of core, not of the tests.
const { parse } = createRequire(join(import.meta.dirname, "../../packages/core/package.json"))("yaml") as {
  readonly parse: (text: string) => unknown;
};

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

interface Panel {
  readonly type: string;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly targets?: readonly { readonly expr: string }[];
}

async function rules(): Promise<Rule[]> {
  const { groups } = parse(await readDocument("deploy/prometheus/alerts.yml")) as { groups: { rules: Rule[] }[] };
  return groups.flatMap((group) => group.rules);
}

async function panels(): Promise<Panel[]> {
  return (JSON.parse(await readDocument("deploy/grafana/tokenkeeper.json")) as { panels: Panel[] }).panels;
}

/** The labels of every metric that we have, by the names of its series. */
async function series(): Promise<Map<string, readonly string[]>> {
  const client = blockOf(await readDocument("docs/client.md"), "ts prom");
  const declared = [...client.matchAll(/name: "(wxtok_client_\w+)"([^}]*)}/g)].map(([, name = "", rest = ""]) => {
    const [, labels = "[]"] = /labelNames: (\[[^\]]*\])/.exec(rest) ?? [];
    return [name, JSON.parse(labels) as string[]] as const;
  });
  const tables = [WORKER_METRICS, DASHBOARD_METRICS] as readonly MetricTable[];
  const ours = tables.flatMap((table) => Object.entries(table).map(([name, { labels }]) => [name, labels] as const));
  const standard = await createPrometheus({}).read();
  const process = [...standard.matchAll(/^# TYPE (\S+)/gm)].map(([, name = ""]) => [name, []] as const);
  const histogram = (name: string, labels: readonly string[]): (readonly [string, readonly string[]])[] => [
    [name, labels],
    [`${name}_bucket`, [...labels, "le"]],
    [`${name}_count`, labels],
    [`${name}_sum`, labels],
  ];
  return new Map([...declared, ...ours, ...process].flatMap(([name, labels]) => histogram(name, labels)));
}

/** What an expression asks for that there is not: metrics, and labels of them. */
async function unknownIn(expressions: readonly string[]): Promise<string[]> {
  const known = await series();
  return expressions.flatMap((expression) =>
    [...expression.matchAll(/\b((?:wxtok|bullmq|nodejs|process)_\w+)(?:\{([^}]*)\})?/g)].flatMap(
      ([, name = "", matchers = ""]) => {
        const labels = known.get(name);
        if (!labels) return [name];
        const asked = [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = ""]) => label);
        return asked.filter((label) => !labels.includes(label)).map((label) => `${name}{${label}}`);
      },
    ),
  );
}

describe("deploy/prometheus", () => {
  it("is taken by promtool, and every rule fires when it should", { timeout: 180_000 }, async (context) => {
    const promtool = await findPromtool();
    if (promtool === undefined) return context.skip("no promtool here, and Debian's package cannot be had");

    await run(promtool, ["check", "rules", "alerts.yml"], { cwd: FOLDER });
    await run(promtool, ["check", "config", "prometheus.yml"], { cwd: FOLDER });
    const { stdout } = await run(promtool, ["test", "rules", "alerts.test.yml"], { cwd: FOLDER });

    expect(stdout).toContain("SUCCESS");
  });

  it("has the alerts that messages, pages and runbook have, each with what they need", async () => {
    const found = await rules();

    expect(Object.fromEntries(found.map(({ alert, labels }) => [alert, labels["severity"]]))).toEqual({
      TokenMissing: "page",
      TokenExpiringSoon: "page",
      NeedsPerson: "page",
      PermanentFailure: "page",
      CoolDown: "ticket",
      RefreshFailing: "ticket",
      SuspectToken: "page",
      ForeignRefresh: "page",
      QuotaHigh: "ticket",
      RefreshOverdue: "ticket",
      NoWorker: "page",
      SchedulerOverdue: "ticket",
      RedisRisk: "page",
      ConfigRefused: "ticket",
      AuditBroken: "page",
      SignInsFailing: "ticket",
      AlertsUndelivered: "page",
      UnknownOutcomes: "ticket",
      CommitFenced: "ticket",
      CommitRepaired: "ticket",
      // The last of its rules: what is spent evenly can wait.
      SurfacedErrors: "ticket",
    });
    const runbook = await readDocument("docs/runbook.md");
    for (const { alert, annotations } of found) {
      expect(runbook).toContain(`\n### ${alert}\n`);
      expect(annotations.summary).toMatch(/^(?=.*\p{Script=Han}).* \| .*[A-Za-z]/u);
      expect(annotations.runbook_url).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
    }
  });

  it("sees each rule fire in its own tests", async () => {
    const { tests } = parse(await readDocument("deploy/prometheus/alerts.test.yml")) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
    };
    const fired = tests.flatMap((test) => test.alert_rule_test.filter(({ exp_alerts }) => exp_alerts.length > 0));

    expect(new Set(fired.map(({ alertname }) => alertname))).toEqual(
      new Set((await rules()).map(({ alert }) => alert)),
    );
  });

  it("asks for metrics and labels that exist", async () => {
    expect(await unknownIn((await rules()).map(({ expr }) => expr))).toEqual([]);
    expect(
      await unknownIn(['wxtok_credentials{stat="new"} + wxtok_tokens + wxtok_refresh_duration_seconds_sum']),
    ).toEqual(["wxtok_credentials{stat}", "wxtok_tokens"]);
  });
});

describe("deploy/grafana/tokenkeeper.json", () => {
  it("takes its data from a source that is chosen, and asks for metrics and labels that exist", async () => {
    const dashboard = JSON.parse(await readDocument("deploy/grafana/tokenkeeper.json")) as {
      templating: { list: { name: string; type: string; query: string }[] };
    };
    const drawn = (await panels()).filter(({ type }) => type !== "row");

    expect(dashboard.templating.list).toMatchObject([{ name: "datasource", type: "datasource", query: "prometheus" }]);
    expect(drawn.length).toBeGreaterThan(20);
    for (const { datasource } of drawn) expect(datasource).toEqual({ type: "prometheus", uid: "${datasource}" });
    const expressions = drawn.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(await unknownIn(expressions)).toEqual([]);
  });

  it("has every metric of ours in a panel or in an alert", async () => {
    const shown = [...(await panels()).flatMap(({ targets = [] }) => targets), ...(await rules())];
    const text = shown.map(({ expr }) => expr).join("\n");
    const ours = [...Object.keys(WORKER_METRICS), ...Object.keys(DASHBOARD_METRICS)];

    expect(ours.filter((name) => !text.includes(name))).toEqual(["wxtok_config_last_reload_success_timestamp_seconds"]);
  });

  it("has only expressions that Prometheus understands", { timeout: 180_000 }, async (context) => {
    const promtool = await findPromtool();
    if (promtool === undefined) return context.skip("no promtool here, and Debian's package cannot be had");
    const expressions = (await panels()).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const groups = [{ name: "panels", rules: expressions.map((expr, at) => ({ record: `panel_${at}`, expr })) }];

    const folder = await mkdtemp(join(tmpdir(), "tokenkeeper-panels-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, "panels.yml"), JSON.stringify({ groups }));

    const { stdout } = await run(promtool, ["check", "rules", "panels.yml"], { cwd: folder });

    expect(stdout).toContain(`SUCCESS: ${expressions.length} rules found`);
  });
});
