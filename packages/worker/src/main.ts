import { createAlertsSource } from "@tokenkeeper/alerts";
import {
  ConfigError,
  createConfigFiles,
  createLog,
  errorFields,
  EXIT,
  loadWorkerConfig,
  untilToldToStop,
  type WorkerConfig,
} from "@tokenkeeper/core";
import { createRuntime } from "./runtime.ts";
import { StartError } from "./start-error.ts";
import { StorageError } from "./store/run-script.ts";

const EXIT_OF = { redis: EXIT.unavailable, port: EXIT.unavailable, policy: EXIT.configuration };

async function main(): Promise<number> {
  const files = createConfigFiles();
  const load = (): WorkerConfig => loadWorkerConfig(process.env, files.read);
  const config = load();
  const log = createLog({ name: "worker", level: config.logLevel, pretty: process.stdout.isTTY });
  const alerts = createAlertsSource(process.env);
  const runtime = createRuntime({ config, log, alerts, configSource: { load, stamp: () => files.stamp() } });
  const told = untilToldToStop(process);
  try {
    await runtime.start();
    const cause = await told;
    log.info({ cause }, "worker.stopping");
    return EXIT.ok;
  } finally {
    await runtime.stop();
  }
}

/** Our own errors say what to do. Anything else is told by its kind and place alone: its message may hold anything. */
function explain(error: unknown): number {
  if (error instanceof ConfigError || error instanceof StartError || error instanceof StorageError) {
    process.stderr.write(`${error.message}\n`);
    if (error instanceof StartError) return EXIT_OF[error.obstacle];
    return error instanceof StorageError ? EXIT.unavailable : EXIT.configuration;
  }
  process.stderr.write(
    `The worker ended for a reason of its own. Please report it: ${JSON.stringify(errorFields(error))}\n`,
  );
  return EXIT.failure;
}

for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => process.exit(explain(error)));
}
process.exit(await main().catch(explain));
