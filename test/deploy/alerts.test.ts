// The file of alerts that docs/alerts.md shows gets to worker and dashboard on every platform, with what it refers to.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAlertsSource } from "@tokenkeeper/alerts";
import { ConfigError } from "@tokenkeeper/core";
import { loadDashboardConfig } from "@tokenkeeper/dashboard";
import { parse } from "yaml";
import { blockOf, readDocument } from "../support/markdown.ts";
import { containerOf, readManifests, type Workload } from "./manifests.ts";

const PARTS = ["worker", "dashboard"] as const;
const ROBOTS: Readonly<Record<string, string>> = {
  OPS_ROBOT: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x",
  NIGHT_ROBOT: "https://oapi.dingtalk.com/robot/send?access_token=x",
  SHOP_ROBOT: "https://open.feishu.cn/open-apis/bot/v2/hook/x",
};

type Part = (typeof PARTS)[number];
type Env = Readonly<Record<string, string>>;

interface Service {
  readonly env_file?: string | string[];
  readonly environment?: Env;
  readonly volumes?: string[];
}

let folder: string;
/** `alerts.env` as somebody filled it in. */
let alertsEnv: Env;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tokenkeeper-alerts-"));
  const yaml = blockOf(await readDocument("docs/alerts.md"), "yaml").replaceAll("/run/secrets", folder);
  await writeFile(join(folder, "alerts.yaml"), yaml);
  for (const [path] of yaml.matchAll(/(?<=secretFile: )\S+/g)) {
    await writeFile(path, "SEC0123456789abcdef", { mode: 0o400 });
  }
  const example = parseEnv(await readDocument("deploy/alerts.env.example")) as Env;
  alertsEnv = { ...example, ...ROBOTS };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The receivers that a process has with these variables, where `mounted` is the folder of the file. */
function receiversOf(part: Part, variables: Env, mounted: string): string[] {
  const given = { ...variables, TOKENKEEPER_ALERTS: variables["TOKENKEEPER_ALERTS"]?.replace(mounted, folder) };
  const source = part === "dashboard" ? loadDashboardConfig(given).alerts : createAlertsSource(given);
  return (source?.load().receivers ?? []).map(({ name }) => name);
}

const EVERYBODY = ["ops", "night", "shop-owner", "own-program"];

describe("deploy/alerts.env.example", () => {
  it("names what the file refers to", async () => {
    const example = parseEnv(await readDocument("deploy/alerts.env.example"));

    expect(new Set(Object.keys(example))).toEqual(new Set(["TOKENKEEPER_ALERTS", ...Object.keys(ROBOTS)]));
  });
});

describe.each(PARTS)("the %s", (part) => {
  it("has them with docker compose and the lines of docs/deployment.md", async () => {
    const own = { REDIS_PASSWORD: "0123456789abcdef", DASHBOARD_PASSWORD: "0123456789abcdef" };
    const [base, more] = [
      await readDocument("docker-compose.yml"),
      /^```yaml\n# alerts\n([^]*?)^```$/m.exec(await readDocument("docs/deployment.md"))?.[1] ?? "",
    ].map((text) => (parse(text, { merge: true }) as { services: Record<string, Service> }).services[part] ?? {});
    const files: Readonly<Record<string, Env>> = { ".env": own, "alerts.env": alertsEnv };
    const fromFiles = (service: Service | undefined): Env =>
      Object.assign({}, ...[service?.env_file ?? []].flat().map((file) => files[file])) as Env;
    const environment = Object.entries({ ...base?.environment, ...more?.environment }).map(([name, value]) => [
      name,
      value.replaceAll(/\$\{(\w+)(?::[-?]([^}]*))?\}/g, (_, key: keyof typeof own, or = "") => own[key] ?? String(or)),
    ]);
    const set = Object.fromEntries(environment) as Env;

    expect(receiversOf(part, { ...fromFiles(base), ...fromFiles(more), ...set }, "/alerts")).toEqual(EVERYBODY);
    expect(more?.volumes).toEqual(["./alerts:/alerts:ro"]);
    // Without alerts.env it would not have started.
    const alone = { ...fromFiles(base), ...set, TOKENKEEPER_ALERTS: join(folder, "alerts.yaml") };
    expect(() => receiversOf(part, alone, "/alerts")).toThrow(ConfigError);
  });

  it("has them with systemd", async () => {
    const unit = await readFile(
      join(import.meta.dirname, "../../deploy/systemd", `tokenkeeper-${part}${part === "worker" ? "@" : ""}.service`),
      "utf8",
    );
    const example = parseEnv(await readDocument(`deploy/systemd/${part}.env.example`)) as Env;
    const [, path = ""] = /`(TOKENKEEPER_ALERTS=\S+)`/.exec(await readDocument("docs/deployment.md")) ?? [];
    const given = { ...alertsEnv, ...(parseEnv(path) as Env), ...example, DASHBOARD_PASSWORD: "0123456789abcdef" };

    expect(unit).toContain("\nEnvironmentFile=-/etc/tokenkeeper/alerts.env\n");
    expect(receiversOf(part, given, "/etc/tokenkeeper")).toEqual(EVERYBODY);
  });

  it("has them with Kubernetes", async () => {
    const manifests = await readManifests("deploy/kubernetes", [`${part}.yaml`]);
    const deployment = manifests.find(({ kind }) => kind === "Deployment") as Workload;
    const container = containerOf(deployment);
    const given = { ...alertsEnv, REDIS_URL: "redis://127.0.0.1", DASHBOARD_PASSWORD: "0123456789abcdef" };

    expect(container.envFrom).toContainEqual({ secretRef: { name: "tokenkeeper-alerts", optional: true } });
    expect(container.volumeMounts).toContainEqual({ name: "alerts", mountPath: "/alerts", readOnly: true });
    expect(deployment.spec.template.spec?.volumes).toContainEqual({
      name: "alerts",
      configMap: { name: "tokenkeeper-alerts", optional: true },
    });
    expect(receiversOf(part, given, "/alerts")).toEqual(EVERYBODY);
  });
});
