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

/** Runs a Lua script by its hash, and sends it whole when Redis does not know it (a restart, SCRIPT FLUSH). */
export async function runScript(redis: Redis, lua: string, { keys, args }: ScriptCall): Promise<unknown> {
  const sha = createHash("sha1").update(lua).digest("hex");
  return guard(async () => {
    try {
      return await redis.evalsha(sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return redis.eval(lua, keys.length, ...keys, ...args);
    }
  });
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
