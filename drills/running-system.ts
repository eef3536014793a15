import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readSettings, type Environment } from "@tokenkeeper/core";
import { NoGroundError } from "./ground.ts";

/** Where the parts of the running system are. */
export interface RunningSystem {
  readonly redisUrl: string;
  /** `http://127.0.0.1:<port>` */
  readonly simulator: string;
  /** Path of the workers' configuration. */
  readonly config: string;
  readonly newRedisUrl: string | undefined;
  readonly timeScale: number;
}

const ROOT = join(import.meta.dirname, "..");
const NAMES = ["REDIS_URL", "TOKENKEEPER_CONFIG", "TOKENKEEPER_TIME_SCALE", "SIMULATOR_PORT"] as const;

/** What the environment says, and where it says nothing, what the running `start` says of itself. @throws NoGroundError, ConfigError */
export function findRunningSystem(env: Environment): RunningSystem {
  const settings = readSettings(env, NAMES);
  const home = env["TOKENKEEPER_HOME"] || join(ROOT, ".tokenkeeper");
  const read = (file: string): string | undefined =>
    existsSync(join(home, file)) ? readFileSync(join(home, file), "utf8").trim() : undefined;
  const redisUrl = settings.REDIS_URL ?? read("redis-url");
  if (redisUrl === undefined) throw new NoGroundError("No Redis: run `npx -y pnpm start`, or set REDIS_URL.");
  const { addresses } = JSON.parse(read("start.json") ?? "{}") as { addresses?: { simulator?: string } };
  const started = addresses?.simulator ?? `http://127.0.0.1:${settings.SIMULATOR_PORT}`;
  const own = join(ROOT, "tokenkeeper.yaml");
  return {
    redisUrl,
    simulator: env["WECHAT_API_BASE_URL"] || started,
    config: settings.TOKENKEEPER_CONFIG ?? (existsSync(own) ? own : join(ROOT, "examples/tokenkeeper.yaml")),
    newRedisUrl: env["NEW_REDIS_URL"] || undefined,
    timeScale: settings.TOKENKEEPER_TIME_SCALE,
  };
}
