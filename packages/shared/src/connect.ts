import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Redis, type RedisOptions } from "ioredis";
import { TokenClientUsageError } from "./errors.ts";

/** Where `start` writes the URL of the Redis it runs, seen from the project's root. */
export const START_URL_FILE = join(".tokenkeeper", "redis-url");

/** An app's own client of ioredis 5 or 6, by the members that tell it from others (a Cluster has no `stream`). */
export interface AppRedis {
  readonly stream: unknown;
  readonly options: { readonly keyPrefix?: string | undefined };
  duplicate(): unknown;
  pipeline(): unknown;
}

/**
 * The URL of the Redis to read from: `REDIS_URL`, else the file that `start` wrote in `cwd` or a folder above it.
 * @throws TokenClientUsageError when neither is there.
 */
export function findRedisUrl(env: Readonly<Record<string, string | undefined>>, cwd: string): string {
  const url = env["REDIS_URL"] || readStartUrl(cwd);
  if (url) return url;
  throw new TokenClientUsageError(
    "No Redis to read tokens from: pass `redis` (a client or a URL), set REDIS_URL, or run `npx -y pnpm start` in this folder first",
  );
}

/**
 * The client to read with; `own` says whether it was opened here.
 * @throws TokenClientUsageError when it is neither a URL nor a client of ioredis, or a Cluster.
 */
export function connect(given: AppRedis | string): { readonly redis: Redis; readonly own: boolean } {
  if (typeof given === "string") return { redis: connectForReading(given), own: true };
  // Both versions answer the few commands of this package alike; only their types differ.
  const app = given as Redis;
  if (typeof app?.duplicate !== "function" || typeof app.pipeline !== "function" || app.isCluster) {
    throw new TokenClientUsageError(
      "`redis` is neither a URL nor a client of ioredis (5 or 6, not a Cluster): pass one of them",
    );
  }
  return app.options.keyPrefix ? { redis: connectForReading(app), own: true } : { redis: app, own: false };
}

/**
 * A client of our own for reading: answers fail within seconds, reconnecting goes on for ever.
 * @param source a URL, or an app's client whose server is meant
 */
function connectForReading(source: string | Redis): Redis {
  const options = {
    protocol: 2,
    keyPrefix: "",
    // A reader's rights do not include INFO and CLIENT SETINFO.
    enableReadyCheck: false,
    disableClientInfo: true,
    maxRetriesPerRequest: 1,
    connectTimeout: 5_000,
    connectionName: "tokenkeeper-client",
    retryStrategy: (attempt: number) => Math.min(100 * 2 ** attempt, 2_000),
  } satisfies RedisOptions;
  const client = typeof source === "string" ? new Redis(source, options) : source.duplicate(options);
  // Without a listener ioredis prints the error, address included; the read that fails tells the caller.
  client.on("error", () => {});
  return client;
}

/** `cwd` or the nearest folder above it in which `start` keeps a Redis; `undefined`: none. */
export function findStartFolder(cwd: string): string | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (existsSync(join(folder, START_URL_FILE))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

function readStartUrl(cwd: string): string | undefined {
  const folder = findStartFolder(cwd);
  try {
    return folder === undefined ? undefined : readFileSync(join(folder, START_URL_FILE), "utf8").trim();
  } catch {
    return undefined;
  }
}
