// `pnpm chaos [--seed n] [--seconds 180] [--out folder]`: a long run with its figure.
import { randomInt } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findRedisServer } from "@tokenkeeper/launcher";
import { runChaos } from "./chaos.ts";
import { findFaketime } from "./faketime.ts";
import { figureData, figureSvg } from "./figure.ts";
import { headlineOf } from "./headline.ts";
import { reportOf } from "./report.ts";

const ROOT = join(import.meta.dirname, "../..");
const LONG_SECONDS = 120;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(randomInt(1_000_000)) },
    seconds: { type: "string", default: "180" },
    out: { type: "string", default: join(ROOT, ".tokenkeeper/chaos") },
  },
});
const say = (line: string): void => console.log(line);
const found = {
  env: process.env,
  say,
  asRoot: process.getuid?.() === 0,
  cacheFolder: join(ROOT, ".tokenkeeper/cache"),
};
const redisServer = await findRedisServer(found);
const faketime = await findFaketime(found);
// Whoever interrupts a run does not want to keep its processes.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
const seconds = Number(values.seconds);
const seed = Number(values.seed);
const run = await runChaos({
  seed,
  seconds,
  redisServer,
  faketime,
  callsPerSecond: 50,
  everyKind: seconds >= LONG_SECONDS,
  say,
});
const headline = headlineOf(run);
const data = figureData(run.evidence);
await mkdir(values.out, { recursive: true });
await writeFile(join(values.out, `chaos-${seed}.svg`), figureSvg(data, headline));
await writeFile(
  join(values.out, `chaos-${seed}.json`),
  JSON.stringify({ headline, ...run.judgement, ...data }, null, 1),
);
say(reportOf(run));
say(headline);
process.exit(run.judgement.verdict === "green" ? 0 : 1);
