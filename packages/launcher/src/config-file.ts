// Reads the accounts as the worker will, to fail before anything is started.
import { readFileSync, statSync } from "node:fs";
import { createAlertsSource } from "@tokenkeeper/alerts";
import { ConfigError, loadWorkerConfig, type Account, type Environment, type ReadFile } from "@tokenkeeper/core";

const ANY_REDIS = "redis://127.0.0.1:1";

const readFile: ReadFile = (path) => ({ bytes: readFileSync(path), mode: statSync(path).mode });

/**
 * Checks the configuration of the person's own accounts.
 * @returns the Redis that it names, or `undefined` when it names none.
 * @throws ConfigError with every problem at once.
 */
export function checkConfig(env: Environment): string | undefined {
  try {
    return loadWorkerConfig(env, readFile).redisUrl;
  } catch (error) {
    if (!(error instanceof ConfigError) || env["REDIS_URL"]) throw error;
    // Only the Redis may be missing: that is ours to bring.
    loadWorkerConfig({ ...env, REDIS_URL: ANY_REDIS }, readFile);
    return undefined;
  }
}

/**
 * Checks the file of alerts, if there is one.
 * @returns the variables to which it refers: the dashboard needs them, and no others of the person's own.
 * @throws ConfigError with every problem at once.
 */
export function checkAlerts(env: Environment): readonly string[] {
  const source = createAlertsSource(env);
  if (!source) return [];
  source.load();
  const text = readFileSync(env["TOKENKEEPER_ALERTS"] ?? "", "utf8");
  return [...new Set([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => name))];
}

/** The example accounts with their secrets. */
export function readExampleAccounts(file: string): readonly Account[] {
  return loadWorkerConfig({ TOKENKEEPER_CONFIG: file, REDIS_URL: ANY_REDIS }, readFile).accounts;
}
