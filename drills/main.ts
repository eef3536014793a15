// pnpm drill [name] [account]
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT, readSettings, ConfigError } from "@tokenkeeper/core";
import { DRILLS } from "./all-drills.ts";
import { startApp } from "./apps.ts";
import { openConfigFile } from "./config-file.ts";
import { chooseAccount, createGround, NoGroundError } from "./ground.ts";
import { createKeeper } from "./keeper.ts";
import { both, runDrill } from "./run-drill.ts";
import { createWechat } from "./wechat.ts";

const ROOT = join(import.meta.dirname, "..");
const HOME = process.env["TOKENKEEPER_HOME"] || join(ROOT, ".tokenkeeper");
/** From one business call of an app to the next, ms. */
const CALL_EVERY_MS = 60;
/** What takes longest is a fallback after 45009: half of a short life. */
const PATIENCE_MS = 6 * 60_000;
const LEAST_PATIENCE_MS = 30_000;

/** What the running system of `start` says of itself where the environment says nothing. */
function fromStart(): { redisUrl?: string; simulator?: string; config: string } {
  const read = (file: string): string | undefined =>
    existsSync(join(HOME, file)) ? readFileSync(join(HOME, file), "utf8").trim() : undefined;
  const redisUrl = read("redis-url");
  const { addresses } = JSON.parse(read("start.json") ?? "{}") as { addresses?: { simulator?: string } };
  const own = join(ROOT, "tokenkeeper.yaml");
  return {
    ...(redisUrl !== undefined && { redisUrl }),
    ...(addresses?.simulator !== undefined && { simulator: addresses.simulator }),
    config: existsSync(own) ? own : join(ROOT, "examples/tokenkeeper.yaml"),
  };
}

async function main(): Promise<number> {
  const [name, wanted] = process.argv.slice(2);
  const drill = DRILLS.find((each) => each.name === name);
  if (!drill) {
    console.error(`${name === undefined ? "" : `There is no drill "${name}". `}npx -y pnpm drill <name> [account]`);
    for (const each of DRILLS) console.error(`  ${each.name.padEnd(18)} ${both(each.title)}`);
    return EXIT.configuration;
  }
  const names = ["REDIS_URL", "TOKENKEEPER_CONFIG", "TOKENKEEPER_TIME_SCALE", "SIMULATOR_PORT"] as const;
  const settings = readSettings(process.env, names);
  const start = fromStart();
  const redisUrl = settings.REDIS_URL ?? start.redisUrl;
  if (redisUrl === undefined) throw new NoGroundError("No Redis: run `npx -y pnpm start`, or set REDIS_URL.");
  const simulator = `http://127.0.0.1:${settings.SIMULATOR_PORT}`;
  const wechat = createWechat(process.env["WECHAT_API_BASE_URL"] || (start.simulator ?? simulator));
  const timeScale = settings.TOKENKEEPER_TIME_SCALE;

  await using stack = new AsyncDisposableStack();
  const keeper = stack.use(createKeeper(redisUrl));
  const account = await chooseAccount({ keeper, wechat }, { wanted, suits: drill.suits });
  const healthy = (await keeper.rows()).filter(({ state, kind }) => state === "healthy" && kind === "access_token");
  const accounts = drill.calls === "all" ? healthy.map((row) => row.name) : [account.name];
  const startOne = (): ReturnType<typeof startApp> =>
    startApp({ wechat, redisUrl, accounts, everyMs: CALL_EVERY_MS, timeScale });
  const apps = [startOne(), startOne()] as const;
  for (const app of apps) stack.defer(() => app.stop());
  await Promise.all(apps.map((app) => app.warm()));
  const config = openConfigFile(settings.TOKENKEEPER_CONFIG ?? start.config, process.env);
  const newRedisUrl = process.env["NEW_REDIS_URL"] || undefined;
  const ground = stack.use(
    createGround({ keeper, wechat, config, account, apps }, { redisUrl, newRedisUrl, timeScale }),
  );
  const patienceMs = Math.max(LEAST_PATIENCE_MS, PATIENCE_MS / timeScale);
  const { passed } = await runDrill(drill, ground, { say: (line) => console.log(line), patienceMs });
  return passed ? EXIT.ok : EXIT.failure;
}

/** Our own errors say what to do. */
function explain(error: unknown): number {
  const ours = error instanceof NoGroundError || error instanceof ConfigError;
  console.error(ours ? error.message : `The drill broke off: ${error instanceof Error ? error.name : "error"}.`);
  return ours ? EXIT.configuration : EXIT.failure;
}

process.exit(await main().catch(explain));
