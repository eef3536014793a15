import { ConfigError, createLog, EXIT, readSettings, requireSetting, untilToldToStop } from "@tokenkeeper/core";
import { createDashboard, UnavailableError } from "./index.ts";

/** Settings → dashboard → signals. */
async function run(): Promise<void> {
  const told = untilToldToStop(process);
  const settings = readSettings(process.env, [
    "REDIS_URL",
    "DASHBOARD_HOST",
    "DASHBOARD_PORT",
    "DASHBOARD_USER",
    "DASHBOARD_PASSWORD",
    "DASHBOARD_PUBLIC_URL",
    "LOG_LEVEL",
  ]);
  const log = createLog({ name: "dashboard", level: settings.LOG_LEVEL, pretty: process.stdout.isTTY });
  process.on("uncaughtException", (err) => {
    log.fatal({ err }, "dashboard.crashed");
    process.exit(EXIT.failure);
  });
  const dashboard = await createDashboard({
    redisUrl: requireSetting(settings.REDIS_URL, "REDIS_URL", "a URL that begins with redis:// or rediss://"),
    host: settings.DASHBOARD_HOST,
    port: settings.DASHBOARD_PORT,
    credentials: {
      user: settings.DASHBOARD_USER,
      password: requireSetting(
        settings.DASHBOARD_PASSWORD,
        "DASHBOARD_PASSWORD",
        "a password of at least 8 characters",
      ),
    },
    publicUrl: settings.DASHBOARD_PUBLIC_URL,
    log,
  });
  log.info({ url: dashboard.url }, "dashboard.started");
  const cause = await told;
  log.info({ cause }, "dashboard.stopping");
  await dashboard.close();
}

function explain(error: unknown): number {
  if (error instanceof ConfigError || error instanceof UnavailableError) {
    console.error(error.message);
    return error instanceof ConfigError ? EXIT.configuration : EXIT.unavailable;
  }
  console.error("The dashboard could not start, for a reason of its own. Please report it.");
  return EXIT.failure;
}

process.exit(await run().then(() => EXIT.ok, explain));
