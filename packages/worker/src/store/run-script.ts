import { createHash } from "node:crypto";
import type { ChainableCommander, Redis } from "ioredis";

/** Redis did not do what was asked. Carries a word, never the command: its arguments hold tokens. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  /** Redis' own word (`OOM`, `READONLY`, `MISCONF` …), or `UNREACHABLE`. */
  readonly code: string;

  constructor(code: string) {
    super(`Redis did not take a command (${code}); check that it is up, writable and has memory left`);
    this.code = code;
  }
}

/** One call of a script. */
export interface ScriptCall {
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

/** Runs Lua scripts by their hash, and sends one whole when Redis does not know it (a restart, SCRIPT FLUSH). */
export interface ScriptRunner {
  run(lua: string, call: ScriptCall): Promise<unknown>;
  /** The same script for each call, in one round trip. */
  runEach(lua: string, calls: readonly ScriptCall[]): Promise<unknown[]>;
  /** As `runEach`, but a call that Redis refuses gives its `StorageError` as the reply and keeps no other from its own. */
  tryEach(lua: string, calls: readonly ScriptCall[]): Promise<unknown[]>;
}

/** `run` and `runEach` reject with `StorageError`. */
export function createScriptRunner(redis: Redis): ScriptRunner {
  const hashes = new Map<string, string>();

  function hashOf(lua: string): string {
    const hash = hashes.get(lua) ?? createHash("sha1").update(lua).digest("hex");
    hashes.set(lua, hash);
    return hash;
  }

  function run(lua: string, { keys, args }: ScriptCall): Promise<unknown> {
    return guard(async () => {
      try {
        return await redis.evalsha(hashOf(lua), keys.length, ...keys, ...args);
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
        return redis.eval(lua, keys.length, ...keys, ...args);
      }
    });
  }

  async function tryEach(lua: string, calls: readonly ScriptCall[]): Promise<unknown[]> {
    const pipeline = redis.pipeline();
    for (const { keys, args } of calls) pipeline.evalsha(hashOf(lua), keys.length, ...keys, ...args);
    const results = await pipeline.exec().catch((error: unknown) => calls.map(() => [error, null] as const));
    return Promise.all(
      calls.map((call, index) => {
        const [error, reply] = results?.[index] ?? [new Error("UNREACHABLE"), null];
        if (!error) return reply;
        // Sent whole where it is not known.
        return redisWord(error) === "NOSCRIPT" ? run(lua, call).catch(storageError) : storageError(error);
      }),
    );
  }

  return {
    run,
    tryEach,
    async runEach(lua, calls) {
      const replies = await tryEach(lua, calls);
      const refused = replies.find((reply) => reply instanceof StorageError);
      if (refused) throw refused;
      return replies;
    },
  };
}

/** Runs a piece of work with Redis; what it throws becomes a `StorageError`. */
export async function guard<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageError(error);
  }
}

/** The replies of a pipeline. A key of another type gives no reply; all else that could not be read is an error, not an absent value. */
export async function repliesOf(pipeline: ChainableCommander): Promise<unknown[]> {
  const results = await pipeline.exec();
  const lost = results?.find(([error]) => error !== null && !error.message.startsWith("WRONGTYPE"));
  if (!results || lost) throw lost?.[0] ?? new Error("UNREACHABLE");
  return results.map(([error, reply]) => (error ? undefined : reply));
}

function storageError(error: unknown): StorageError {
  return error instanceof StorageError ? error : new StorageError(redisWord(error));
}

function redisWord(error: unknown): string {
  const word = error instanceof Error ? /^([A-Z]{3,20})\b/.exec(error.message)?.[1] : undefined;
  return word ?? "UNREACHABLE";
}
