import { createHash } from "node:crypto";
import type { Redis } from "ioredis";

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
}

/** Both functions reject with `StorageError`. */
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

  return {
    run,
    async runEach(lua, calls) {
      const pipeline = redis.pipeline();
      for (const { keys, args } of calls) pipeline.evalsha(hashOf(lua), keys.length, ...keys, ...args);
      const results = await guard(() => pipeline.exec());
      const replies = (results ?? []).flatMap(([error, reply]) => (error ? [] : [reply]));
      if (replies.length === calls.length) return replies;
      // One by one it is sent whole where it is not known, or says what is wrong.
      return Promise.all(calls.map((call) => run(lua, call)));
    },
  };
}

/** Runs a piece of work with Redis; what it throws becomes a `StorageError`. */
export async function guard<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new StorageError(redisWord(error));
  }
}

function redisWord(error: unknown): string {
  const word = error instanceof Error ? /^([A-Z]{3,20})\b/.exec(error.message)?.[1] : undefined;
  return word ?? "UNREACHABLE";
}
