// Which processes a start runs, and what each is told. Pure.
import { join } from "node:path";
import type { Addresses } from "./running-start.ts";
import type { Part, StartSettings } from "./start-settings.ts";

/** One process to run. */
export interface ProcessPlan {
  readonly name: Part;
  /** Path of its main file. */
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
  /** Answers 200 once it is ready. */
  readonly readyUrl: string;
}

export interface PlanInput {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly settings: StartSettings;
  readonly ports: Readonly<Record<Part, number>>;
  readonly redisUrl: string;
  /** The one that the start made, if it did. */
  readonly dashboardPassword: string | undefined;
  readonly simulatorStateFile: string;
  /** Variables to which the file of alerts refers. */
  readonly alertVariables: readonly string[];
}

export interface StartPlan {
  readonly addresses: Addresses;
  /** Present in a first run only; it must be ready before the others. */
  readonly simulator?: { readonly process: ProcessPlan; readonly url: string };
  readonly worker: ProcessPlan;
  readonly dashboard: ProcessPlan;
}

/** The configuration file of the example accounts. */
export function examplesFile(root: string): string {
  return join(root, "examples", "tokenkeeper.yaml");
}

/** The file of alerts of a first run. */
function exampleAlertsFile(root: string): string {
  return join(root, "examples", "alerts.yaml");
}

/** Path of the robot at the simulator to which a first run sends its alerts, and its id there. */
export const EXAMPLE_ROBOT = { type: "wecom", id: "example", path: "/cgi-bin/webhook/send?key=example" } as const;

/** The processes of a start with their environments and addresses. */
export function planProcesses(input: PlanInput): StartPlan {
  const { root, env, settings, ports, redisUrl } = input;
  const script = (part: Part): string => join(root, "packages", part, "src", "main.ts");
  const simulator = `http://127.0.0.1:${ports.simulator}`;
  const addresses: Addresses = {
    dashboard: `http://${reachable(settings.dashboardHost)}:${ports.dashboard}`,
    worker: `http://${reachable(settings.healthHost)}:${ports.worker}`,
    ...(settings.examples && { simulator }),
  };
  const hasAlerts = (env["TOKENKEEPER_ALERTS"] ?? "") !== "";
  const exampleAlerts = settings.examples &&
    !hasAlerts && { TOKENKEEPER_ALERTS: exampleAlertsFile(root), EXAMPLE_ROBOT: `${simulator}${EXAMPLE_ROBOT.path}` };
  const worker: ProcessPlan = {
    name: "worker",
    script: script("worker"),
    env: {
      // Whole, because the configuration may refer to any variable; only the dashboard's password is none of its business.
      ...without(env, ["DASHBOARD_PASSWORD"]),
      REDIS_URL: redisUrl,
      WORKER_HEALTH_PORT: String(ports.worker),
      ...(settings.examples && { TOKENKEEPER_CONFIG: examplesFile(root), WECHAT_API_BASE_URL: simulator }),
      ...exampleAlerts,
    },
    readyUrl: `${addresses.worker}/healthz`,
  };
  const dashboard: ProcessPlan = {
    name: "dashboard",
    script: script("dashboard"),
    env: {
      ...harmless(env),
      ...only(env, input.alertVariables),
      ...exampleAlerts,
      REDIS_URL: redisUrl,
      DASHBOARD_PORT: String(ports.dashboard),
      ...(input.dashboardPassword !== undefined && { DASHBOARD_PASSWORD: input.dashboardPassword }),
    },
    readyUrl: `${addresses.dashboard}/healthz`,
  };
  if (!settings.examples) return { addresses, worker, dashboard };
  const simulatorPlan: ProcessPlan = {
    name: "simulator",
    script: script("simulator"),
    env: { ...harmless(env), SIMULATOR_PORT: String(ports.simulator), SIMULATOR_STATE_FILE: input.simulatorStateFile },
    readyUrl: `${simulator}/__sim/healthz`,
  };
  return { addresses, simulator: { process: simulatorPlan, url: simulator }, worker, dashboard };
}

/** What any process needs of the machine, and our own settings that hold no account's secret. */
const HARMLESS =
  /^(PATH|HOME|LANG|LC_.*|TZ|TERM|FORCE_COLOR|NO_COLOR|NODE_.*|DASHBOARD_.*|LOG_LEVEL|TOKENKEEPER_TIME_SCALE|TOKENKEEPER_ALERTS)$/;

function harmless(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => HARMLESS.test(name)));
}

function only(env: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}

function without(env: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));
}

// A listener on every address is reached at the loopback one; an IPv6 address stands in brackets in a URL.
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
