// What the environment asks of a start. Pure.
import { readSettings, type Environment, type Settings } from "@tokenkeeper/core";
import type { PortWish } from "./port.ts";

export interface StartSettings {
  /** True when no account is configured: simulator and example accounts. */
  readonly examples: boolean;
  readonly ports: Readonly<Record<Part, PortWish>>;
  readonly dashboardHost: string;
  readonly healthHost: string;
  readonly dashboardUser: string;
  /** Who may sign in; `nobody`: the start makes a password. One that a person gave is never printed. */
  readonly dashboardAccess: "password" | "file of users" | "nobody";
  readonly redisUrl: string | undefined;
}

export type Part = "simulator" | "worker" | "dashboard";

const NAMES = [
  "REDIS_URL",
  "DASHBOARD_HOST",
  "DASHBOARD_PORT",
  "DASHBOARD_USER",
  "DASHBOARD_PASSWORD",
  "DASHBOARD_USERS",
  "WORKER_HEALTH_HOST",
  "WORKER_HEALTH_PORT",
  "SIMULATOR_PORT",
] as const;

/**
 * Reads the settings of a start.
 * @param hasConfigFile whether the default configuration file exists. A file named in the environment counts as
 * configured even when it is missing: that is a mistake to report, not a first run.
 * @throws ConfigError with every problem at once.
 */
export function readStartSettings(env: Environment, hasConfigFile: boolean): StartSettings {
  const settings: Settings<(typeof NAMES)[number]> = readSettings(env, NAMES);
  const wish = (name: string, variable: (typeof NAMES)[number] & `${string}PORT`): PortWish => ({
    name,
    variable,
    port: settings[variable],
    explicit: isSet(env, variable),
  });
  return {
    examples:
      !hasConfigFile && !["TOKENKEEPER_CONFIG", "WECHAT_APP_ID", "WECHAT_APP_SECRET"].some((n) => isSet(env, n)),
    ports: {
      simulator: wish("simulator", "SIMULATOR_PORT"),
      worker: wish("worker's health page", "WORKER_HEALTH_PORT"),
      dashboard: wish("dashboard", "DASHBOARD_PORT"),
    },
    dashboardHost: settings.DASHBOARD_HOST,
    healthHost: settings.WORKER_HEALTH_HOST,
    dashboardUser: settings.DASHBOARD_USER,
    dashboardAccess: accessOf(settings),
    redisUrl: settings.REDIS_URL,
  };
}

function accessOf(settings: Settings<"DASHBOARD_PASSWORD" | "DASHBOARD_USERS">): StartSettings["dashboardAccess"] {
  if (settings.DASHBOARD_PASSWORD !== undefined) return "password";
  return settings.DASHBOARD_USERS === undefined ? "nobody" : "file of users";
}

function isSet(env: Environment, name: string): boolean {
  return (env[name] ?? "") !== "";
}
