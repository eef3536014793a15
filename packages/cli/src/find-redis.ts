import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT, isRedisUrl } from "@tokenkeeper/core";
import { findRedisUrl, findStartFolder } from "@tokenkeeper/shared/contract";
import { z } from "zod";
import { CliError } from "./cli-error.ts";
import type { Io } from "./io.ts";
import type { Texts } from "./texts.ts";

/** What `start` writes beside the URL of its Redis. */
const START_FILE = join(".tokenkeeper", "start.json");
const startFile = z.object({ addresses: z.object({ simulator: z.string().optional() }) });

/**
 * As the token client finds it: `REDIS_URL`, else the file that `start` wrote in this folder or one above it.
 * @throws CliError when neither is there, or it is no URL of a Redis.
 */
export function findRedis({ env, cwd }: Pick<Io, "env" | "cwd">, texts: Texts): string {
  const url = urlOf(env, cwd);
  if (url === undefined) throw new CliError(texts.noRedis, EXIT.configuration);
  if (!isRedisUrl(url)) throw new CliError(texts.badRedisUrl, EXIT.configuration);
  return url;
}

/** Origin of the simulator that `start` runs beside its Redis; `undefined`: it runs none, or another Redis is meant. */
export function findSimulator({ env, cwd }: Pick<Io, "env" | "cwd">): string | undefined {
  const folder = env["REDIS_URL"] ? undefined : findStartFolder(cwd);
  if (folder === undefined) return undefined;
  try {
    return startFile.parse(JSON.parse(readFileSync(join(folder, START_FILE), "utf8"))).addresses.simulator;
  } catch {
    return undefined;
  }
}

function urlOf(env: Io["env"], cwd: string): string | undefined {
  try {
    return findRedisUrl(env, cwd);
  } catch {
    return undefined;
  }
}
