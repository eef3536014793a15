import { ConfigError, createLog, EXIT, loadWorkerConfig, untilToldToStop, type WorkerConfig } from "@tokenkeeper/core";
import { createConfigFiles } from "./config-files.ts";
import { createRuntime } from "./runtime.ts";
import { StartError } from "./start-error.ts";

const EXIT_OF = { redis: EXIT.unavailable, port: EXIT.unavailable, policy: EXIT.configuration };

async function main(): Promise<number> {
  const files = createConfigFiles();
  const load = (): WorkerConfig => loadWorkerConfig(process.env, files.read);
  const config = load();
  const log = createLog({ name: "worker", level: config.logLevel, pretty: process.stdout.isTTY });
  const runtime = createRuntime({ config, log, configSource: { load, stamp: () => files.stamp() } });
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

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof ConfigError) && !(error instanceof StartError)) throw error;
  process.stderr.write(`${error.message}\n`);
  return error instanceof StartError ? EXIT_OF[error.obstacle] : EXIT.configuration;
});
process.exit();
