import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { apiOriginOf, CONFIG_FILE, ConfigError, loadWorkerConfig, type Environment } from "@tokenkeeper/core";
import type { ConfigFacts } from "./doctor-facts.ts";

/** The configuration that a worker with this environment and working folder would have. */
export function readConfig({ env, cwd }: { env: Environment; cwd: string }): ConfigFacts {
  const named = env["TOKENKEEPER_CONFIG"] || env["WECHAT_APP_ID"] || env["WECHAT_APP_SECRET"];
  const present = statSync(resolve(cwd, CONFIG_FILE), { throwIfNoEntry: false }) !== undefined;
  const readFile = (path: string): { bytes: Uint8Array; mode: number } => {
    const file = resolve(cwd, path);
    return { bytes: readFileSync(file), mode: statSync(file).mode };
  };
  try {
    // Which Redis there is, is another check.
    const { accounts, warnings } = loadWorkerConfig({ REDIS_URL: "redis://127.0.0.1", ...given(env) }, readFile);
    const following = accounts.filter((account) => account.leader !== undefined);
    const leader = following[0]?.leader?.origin;
    const counts = { accounts: accounts.length, following: following.length };
    return { type: "read", ...counts, ...(leader !== undefined && { leader }), warnings };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const problems = error.problems.filter(({ path }) => named || present || path !== "TOKENKEEPER_CONFIG");
    return problems.length === 0 ? { type: "absent" } : { type: "refused", problems };
  }
}

/** Where calls to WeChat go; WeChat itself when what the environment names is refused, which the configuration's check says. */
export function apiOrigin(env: Environment, simulator: string | undefined): string {
  const named = env["WECHAT_API_BASE_URL"] || simulator || WECHAT;
  const found = apiOriginOf(named, env["TOKENKEEPER_ALLOW_API_HOST"]);
  return "origin" in found ? found.origin : WECHAT;
}

const WECHAT = "https://api.weixin.qq.com";

/** Empty means not set. */
function given(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
}
