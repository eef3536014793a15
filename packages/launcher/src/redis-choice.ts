// Which Redis a start uses: the one it was told, else a private one that it keeps alive.
import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT } from "@tokenkeeper/core";
import { Redis } from "ioredis";
import { untilAborted } from "./abort.ts";
import { isAlive } from "./process-end.ts";
import { findRedisServer } from "./redis-binary.ts";
import { startRedisServer, type RedisServer, type RedisServerOptions } from "./redis-server.ts";
import { StartError } from "./start-error.ts";
import type { StateFolder } from "./state-folder.ts";

const ANSWER_MS = 5_000;
const WATCH_MS = 500;

export interface StartRedis {
  readonly url: string;
  /** Ends the private server; leaves any other alone. */
  stop(): Promise<void>;
}

export interface RedisChoice {
  /** The Redis that the environment or the configuration names. */
  readonly named: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly state: StateFolder;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Rejects with the signal's reason when that is aborted while a binary is looked for.
 * @throws StartError (exit code 69) when the named one does not answer or no private one can be had.
 */
export async function obtainRedis({ named, env, state, say, signal }: RedisChoice): Promise<StartRedis> {
  if (named !== undefined) {
    await requireAnswer(named);
    // What an earlier private one left there would lead apps astray.
    await rm(state.redisUrl, { force: true });
    return { url: named, stop: () => Promise.resolve() };
  }
  const asRoot = process.getuid?.() === 0;
  const finding = findRedisServer({ env, cacheFolder: state.cache, say: (line) => say(`${line}\n`), asRoot });
  const binary = await Promise.race([finding, untilAborted(signal)]);
  return keepRunning({ binary, folder: state.redis, urlFile: state.redisUrl }, say);
}

async function keepRunning(options: RedisServerOptions, say: (text: string) => void): Promise<StartRedis> {
  let server: RedisServer = await startRedisServer(options);
  const stopping = new AbortController();
  const watch = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await sleep(WATCH_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted || isAlive(server.pid)) continue;
      say("The private Redis ended unexpectedly. Starting it again.\n");
      server = await startRedisServer(options).catch(() => server);
    }
  };
  const watching = watch();
  return {
    url: server.url,
    async stop() {
      stopping.abort();
      await watching;
      await server.stop();
    },
  };
}

async function requireAnswer(url: string): Promise<void> {
  const client = new Redis(url, {
    protocol: 2,
    lazyConnect: true,
    connectTimeout: ANSWER_MS,
    commandTimeout: ANSWER_MS,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.ping();
  } catch {
    throw new StartError(
      "The Redis that REDIS_URL (or the configuration) names does not answer or refuses its user and password. " +
        "Start it or correct the URL; without one, a private Redis is used.",
      EXIT.unavailable,
    );
  } finally {
    client.disconnect();
  }
}
