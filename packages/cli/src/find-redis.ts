import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT, isRedisUrl } from "@tokenkeeper/core";
import { findRedisUrl, findStartFolder } from "@tokenkeeper/shared/contract";
import { z } from "zod";
import { CliError } from "./cli-error.ts";
import type { Io } from "./io.ts";
import type { Texts } from "./texts.ts";

/** The Redis that is meant, and where the WeChat of a `start` beside it is. */
export interface FoundRedis {
  readonly url: string;
  /** Origin of the simulator that a live `start` in this folder runs; only when its Redis is meant. */
  readonly simulator?: string;
}

/** What `start` writes beside the URL of its Redis. */
const START_FILE = join(".tokenkeeper", "start.json");
const startFile = z.object({ addresses: z.object({ simulator: z.string().optional() }) });

/**
 * As the token client finds it: `REDIS_URL`, else the file that `start` wrote in this folder or one above it.
 * @throws CliError when neither is there, or it is no URL of a Redis.
 */
export function findRedis({ env, cwd }: Pick<Io, "env" | "cwd">, texts: Texts): FoundRedis {
  const url = urlOf(env, cwd);
  if (url === undefined) throw new CliError(texts.noRedis, EXIT.configuration);
  if (!isRedisUrl(url)) throw new CliError(texts.badRedisUrl, EXIT.configuration);
  const simulator = env["REDIS_URL"] ? undefined : simulatorOf(findStartFolder(cwd));
  return { url, ...(simulator !== undefined && { simulator }) };
}

function urlOf(env: Io["env"], cwd: string): string | undefined {
  try {
    return findRedisUrl(env, cwd);
  } catch {
    return undefined;
  }
}

function simulatorOf(folder: string | undefined): string | undefined {
  if (folder === undefined) return undefined;
  try {
    return startFile.parse(JSON.parse(readFileSync(join(folder, START_FILE), "utf8"))).addresses.simulator;
  } catch {
    return undefined;
  }
}
