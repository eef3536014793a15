import { createAlertsSource } from "@tokenkeeper/alerts";
import { checkSettings, ConfigError, type Environment, type Problem } from "@tokenkeeper/core";
import { parseTrustedProxies } from "./trusted-proxies.ts";
import type { DashboardOptions } from "./dashboard.ts";
import { createUsersSource } from "./users/users-watch.ts";

/** Everything the dashboard is told. */
export type DashboardConfig = Omit<DashboardOptions, "log"> & { readonly logLevel: string };

const NAMES = [
  "REDIS_URL",
  "DASHBOARD_HOST",
  "DASHBOARD_PORT",
  "DASHBOARD_METRICS_HOST",
  "DASHBOARD_METRICS_PORT",
  "DASHBOARD_USER",
  "DASHBOARD_PASSWORD",
  "DASHBOARD_USERS",
  "DASHBOARD_PUBLIC_URL",
  "DASHBOARD_TRUSTED_HEADER",
  "DASHBOARD_TRUSTED_PROXIES",
  "TOKENKEEPER_TIME_SCALE",
  "LOG_LEVEL",
] as const;

/**
 * The dashboard's configuration from the environment and the file of users that it names.
 * @throws ConfigError with every problem at once.
 */
export function loadDashboardConfig(env: Environment): DashboardConfig {
  const { settings, problems } = checkSettings(env, NAMES);
  const password = settings.DASHBOARD_PASSWORD;
  const proxies = parseTrustedProxies(settings.DASHBOARD_TRUSTED_PROXIES, settings.DASHBOARD_TRUSTED_HEADER);
  if ("problems" in proxies) problems.push(...proxies.problems);
  const users =
    settings.DASHBOARD_USERS === undefined
      ? undefined
      : createUsersSource(settings.DASHBOARD_USERS, {
          takenName: password === undefined ? undefined : settings.DASHBOARD_USER,
          singleSignOn: settings.DASHBOARD_TRUSTED_HEADER !== undefined,
        });
  if (users) problems.push(...problemsIn(() => users.load()));
  // What is wrong with these two is said already.
  const others = { DASHBOARD_PUBLIC_URL: settings.DASHBOARD_PUBLIC_URL, TOKENKEEPER_TIME_SCALE: undefined };
  const alerts = createAlertsSource({ ...env, ...others });
  if (alerts) problems.push(...problemsIn(() => alerts.load()));
  if (!env["REDIS_URL"]) {
    problems.push({ path: "REDIS_URL", expected: "a URL that begins with redis:// or rediss://", got: "nothing" });
  }
  if (!env["DASHBOARD_PASSWORD"] && users === undefined) {
    const expected = "a password of at least 8 characters (or DASHBOARD_USERS, a file of users)";
    problems.push({ path: "DASHBOARD_PASSWORD", expected, got: "nothing" });
  }
  if (password !== undefined && password === settings.DASHBOARD_USER) {
    problems.push({ path: "DASHBOARD_PASSWORD", expected: "another text than DASHBOARD_USER", got: "the same" });
  }
  if (settings.DASHBOARD_TRUSTED_HEADER !== undefined && users === undefined) {
    const expected = "the file of users that DASHBOARD_TRUSTED_HEADER may name";
    problems.push({ path: "DASHBOARD_USERS", expected, got: "nothing" });
  }
  if (problems.length > 0 || "problems" in proxies || settings.REDIS_URL === undefined) throw new ConfigError(problems);
  return {
    redisUrl: settings.REDIS_URL,
    host: settings.DASHBOARD_HOST,
    port: settings.DASHBOARD_PORT,
    credentials: password === undefined ? undefined : { user: settings.DASHBOARD_USER, password },
    users,
    proxies: proxies.proxies,
    publicUrl: settings.DASHBOARD_PUBLIC_URL,
    metrics: {
      host: settings.DASHBOARD_METRICS_HOST,
      port: settings.DASHBOARD_METRICS_PORT,
      explicit: Boolean(env["DASHBOARD_METRICS_PORT"]),
    },
    alerts,
    timeScale: settings.TOKENKEEPER_TIME_SCALE,
    logLevel: settings.LOG_LEVEL,
  };
}

function problemsIn(load: () => unknown): readonly Problem[] {
  try {
    load();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}
