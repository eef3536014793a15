import { ConfigError, createLog, EXIT, untilToldToStop } from "@tokenkeeper/core";
import { createDashboard, loadDashboardConfig, UnavailableError } from "./index.ts";

/** Settings → dashboard → signals. */
async function run(): Promise<void> {
  const told = untilToldToStop(process);
  const { logLevel, ...config } = loadDashboardConfig(process.env);
  const log = createLog({ name: "dashboard", level: logLevel, pretty: process.stdout.isTTY });
  process.on("uncaughtException", (err) => {
    log.fatal({ err }, "dashboard.crashed");
    process.exit(EXIT.failure);
  });
  const dashboard = await createDashboard({ ...config, log });
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
