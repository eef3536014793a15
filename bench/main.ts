// pnpm bench [name…] [--quick]
import { join } from "node:path";
import { env } from "node:process";
import { parseArgs } from "node:util";
import { findRedisServer } from "@tokenkeeper/launcher";
import { client } from "./client.ts";
import { dashboard } from "./dashboard.ts";
import { lateness } from "./lateness.ts";
import { takeover } from "./takeover.ts";
import { throughput } from "./throughput.ts";

const BENCHMARKS = { throughput, lateness, takeover, client, dashboard };

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false } },
});
const unknown = positionals.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0) {
  say(`There is no benchmark "${unknown.join(", ")}". There are: ${Object.keys(BENCHMARKS).join(", ")}.`);
  process.exit(1);
}
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
const redisServer = await findRedisServer({
  env,
  say,
  asRoot: process.getuid?.() === 0,
  cacheFolder: join(import.meta.dirname, "../.tokenkeeper/cache"),
});
for (const [name, run] of Object.entries(BENCHMARKS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  say(`\n## ${name}\n`);
  say(await run({ redisServer, quick: values.quick, env }));
}
process.exit();
