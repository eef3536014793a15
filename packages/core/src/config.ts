import type { Account } from "./account.ts";
import { parseAccountsFile } from "./accounts-file.ts";
import { apiOriginOf } from "./api-base.ts";
import type { ApiConfig } from "./api-section.ts";
import { ConfigError } from "./problems.ts";
import { describePath, type ReadFile } from "./secret-file.ts";
import { checkSettings, type Environment } from "./settings.ts";

/** The default name of the configuration file, in the working folder. */
export const CONFIG_FILE = "tokenkeeper.yaml";

/** Everything the worker is told. */
export interface WorkerConfig {
  readonly accounts: readonly Account[];
  readonly redisUrl: string;
  /** Where calls to WeChat go, without a path. */
  readonly apiOrigin: string;
  /** Where probes and metrics are asked for. */
  readonly healthHost: string;
  readonly healthPort: number;
  /** The token HTTP API; without it there is none. */
  readonly api?: ApiConfig;
  /** Divides every duration. */
  readonly timeScale: number;
  readonly logLevel: string;
  readonly warnings: readonly string[];
}

const NAMES = [
  "REDIS_URL",
  "TOKENKEEPER_CONFIG",
  "WECHAT_APP_ID",
  "WECHAT_APP_SECRET",
  "WECHAT_API_BASE_URL",
  "TOKENKEEPER_ALLOW_API_HOST",
  "WORKER_HEALTH_HOST",
  "WORKER_HEALTH_PORT",
  "TOKENKEEPER_TIME_SCALE",
  "LOG_LEVEL",
] as const;

/**
 * The worker's configuration from the environment and the file it names.
 * @throws ConfigError with every problem at once.
 */
export function loadWorkerConfig(env: Environment, readFile: ReadFile): WorkerConfig {
  const { settings, problems } = checkSettings(env, NAMES);
  const api = apiOriginOf(settings.WECHAT_API_BASE_URL, settings.TOKENKEEPER_ALLOW_API_HOST);
  if ("problem" in api) problems.push(api.problem);

  const source = loadAccounts(env, readFile);
  if ("problems" in source) problems.push(...source.problems);
  const redisUrl = settings.REDIS_URL ?? ("redis" in source ? source.redis : undefined);
  const redisMissing = "problems" in source ? source.lacksRedis : redisUrl === undefined;
  if (!env["REDIS_URL"] && redisMissing) {
    problems.push({ path: "REDIS_URL", expected: "the URL of a Redis, redis:// or rediss://", got: "nothing" });
  }
  if (problems.length > 0 || "problem" in api || "problems" in source || redisUrl === undefined) {
    throw new ConfigError(problems);
  }
  return {
    accounts: source.accounts,
    redisUrl,
    apiOrigin: api.origin,
    healthHost: settings.WORKER_HEALTH_HOST,
    healthPort: settings.WORKER_HEALTH_PORT,
    ...(source.api && { api: source.api }),
    timeScale: settings.TOKENKEEPER_TIME_SCALE,
    logLevel: settings.LOG_LEVEL,
    warnings: source.warnings,
  };
}

/** The accounts of the file, or the single account of the environment. */
function loadAccounts(env: Environment, readFile: ReadFile): ReturnType<typeof parseAccountsFile> {
  const single = env["WECHAT_APP_ID"] || env["WECHAT_APP_SECRET"];
  const path = env["TOKENKEEPER_CONFIG"] || CONFIG_FILE;
  if (single && env["TOKENKEEPER_CONFIG"]) {
    const expected = "either a file of accounts or WECHAT_APP_ID with WECHAT_APP_SECRET";
    return { problems: [{ path: "TOKENKEEPER_CONFIG", expected, got: "both" }], lacksRedis: false };
  }
  if (single) return singleAccount(env);
  let bytes: Uint8Array;
  try {
    bytes = readFile(path).bytes;
  } catch {
    const expected = "a file that can be read (or WECHAT_APP_ID with WECHAT_APP_SECRET)";
    return { problems: [{ path: "TOKENKEEPER_CONFIG", expected, got: describePath(path) }], lacksRedis: false };
  }
  return parseAccountsFile(bytes, { env, readFile });
}

function singleAccount(env: Environment): ReturnType<typeof parseAccountsFile> {
  const document = {
    accounts: [{ type: "official-account", appId: env["WECHAT_APP_ID"] ?? "", secret: env["WECHAT_APP_SECRET"] ?? "" }],
  };
  const parsed = parseAccountsFile(new TextEncoder().encode(JSON.stringify(document)), {
    env: {},
    readFile: () => ({ bytes: new Uint8Array(), mode: 0 }),
  });
  if (!("problems" in parsed)) return parsed;
  const names: Record<string, string> = {
    "accounts[0].appId": "WECHAT_APP_ID",
    "accounts[0].secret": "WECHAT_APP_SECRET",
  };
  const problems = parsed.problems.map((problem) => {
    const path = names[problem.path] ?? problem.path;
    return { ...problem, path, got: env[path] ? problem.got : "nothing" };
  });
  return { ...parsed, problems };
}
