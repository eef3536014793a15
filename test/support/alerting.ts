// Receivers of every type in a world's simulator, a file of alerts that names them, and a dashboard that has it.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAlertsSource } from "@tokenkeeper/alerts";
import { createLog } from "@tokenkeeper/core";
import { createDashboard } from "@tokenkeeper/dashboard";
import type { RobotMessage, RobotType } from "@tokenkeeper/simulator";
import type { World } from "./world.ts";

/** Where the dashboard says that it is. */
export const PUBLIC_URL = "https://keeper.example.com";
/** Id of every receiver at the simulator: who knows it may write there. */
export const ROBOT_ID = "robot-key-LEAKCANARY0123456789";
/** What messages are signed with. */
export const ROBOT_SECRET = "SECLEAKCANARY9876543210";

export const TYPES: readonly RobotType[] = ["wecom", "dingtalk", "feishu", "webhook"];

const PATHS: Readonly<Record<RobotType, string>> = {
  wecom: `/cgi-bin/webhook/send?key=${ROBOT_ID}`,
  dingtalk: `/robot/send?access_token=${ROBOT_ID}`,
  feishu: `/open-apis/bot/v2/hook/${ROBOT_ID}`,
  webhook: `/webhook/${ROBOT_ID}`,
};

export interface Alerting extends AsyncDisposable {
  /** For worker processes. */
  readonly env: Record<string, string>;
  /** A dashboard in this process. @returns a function that ends it */
  startDashboard(): Promise<() => Promise<void>>;
  /** Everything that the dashboards wrote. */
  dashboardLog(): string;
  /** What a receiver took, oldest first. */
  taken(type: RobotType): RobotMessage[];
  /** What the webhook was told of incidents, oldest first: `<event> <rule> <account's name> <kind>`. */
  told(): string[];
}

/** What a webhook gets. */
interface WebhookBody {
  readonly event: string;
  readonly rule?: string;
  readonly incidents: readonly { readonly name?: string; readonly kind?: string }[];
}

/** @param settings more of the file */
export async function createAlerting(world: World, settings: object = {}): Promise<Alerting> {
  const { robots, url } = world.simulator;
  const folder = await mkdtemp(join(tmpdir(), "tokenkeeper-alerts-"));
  const file = join(folder, "alerts.yaml");
  const secretOf = (type: RobotType): object => (type === "wecom" ? {} : { secret: ROBOT_SECRET });
  for (const type of TYPES) robots.put({ type, id: ROBOT_ID, ...secretOf(type) });
  const receivers = TYPES.map((type) => ({ name: type, type, url: `${url}${PATHS[type]}`, ...secretOf(type) }));
  await writeFile(file, JSON.stringify({ language: "zh", receivers, ...settings }), { mode: 0o600 });
  const env = { TOKENKEEPER_ALERTS: file, DASHBOARD_PUBLIC_URL: PUBLIC_URL };
  const ends: (() => Promise<void>)[] = [];
  const written: string[] = [];
  const destination = { write: (line: string): void => void written.push(line) };
  const taken: Alerting["taken"] = (type) => robots.messages({ type }).filter(({ accepted }) => accepted);
  return {
    env,
    async startDashboard() {
      const dashboard = await createDashboard({
        redisUrl: world.redis.url,
        host: "127.0.0.1",
        port: 0,
        credentials: { user: "keeper", password: "correct horse battery" },
        publicUrl: PUBLIC_URL,
        alerts: createAlertsSource(env),
        timeScale: world.scale,
        log: createLog({ name: "dashboard", level: "debug", pretty: false, destination }),
      });
      let ended: Promise<void> | undefined;
      const end = (): Promise<void> => (ended ??= dashboard.close());
      ends.push(end);
      return end;
    },
    dashboardLog: () => written.join(""),
    taken,
    told: () =>
      taken("webhook").flatMap(({ body }) => {
        const { event, rule, incidents } = body as WebhookBody;
        return incidents.map(({ name, kind }) => [event, rule, name, kind].filter(Boolean).join(" "));
      }),
    async [Symbol.asyncDispose]() {
      await Promise.all(ends.map((end) => end()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
