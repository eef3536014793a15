// A real Redis of one test file's own, in a temporary folder.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { inject } from "vitest";
import { isAlive, startRedisServer, type RedisServer } from "@tokenkeeper/launcher";
import { eventually } from "./eventually.ts";

export interface TestRedis extends AsyncDisposable {
  /** Stays the same over `restart`. */
  readonly url: string;
  /** A client for looking and preparing; it reconnects by itself after a restart. */
  readonly redis: Redis;
  /** Process id of the server that runs now. */
  pid(): number;
  /** Ends the server orderly; its data stays for `restart`. */
  down(): Promise<void>;
  /** Ends the server with SIGKILL; its data stays for `restart`. */
  kill9(): Promise<void>;
  /** Ends the server if it runs and starts it again on the same port and data. */
  restart(): Promise<void>;
  /** Ends the server, closes `redis` and removes the data. */
  stop(): Promise<void>;
}

export async function startTestRedis(): Promise<TestRedis> {
  const home = await mkdtemp(join(tmpdir(), "tokenkeeper-redis-"));
  const start = (): Promise<RedisServer> =>
    startRedisServer({
      binary: inject("redisServer"),
      folder: join(home, "data"),
      urlFile: join(home, "redis-url"),
    });
  let server = await start();
  const redis = new Redis(server.url, { protocol: 2, retryStrategy: () => 50, maxRetriesPerRequest: null });
  // A test that takes Redis down expects the connection errors.
  redis.on("error", () => undefined);

  // A test that ran out of time never comes to its end; its Redis shall not outlive the test process.
  const endAtExit = (): void => {
    if (isAlive(server.pid)) process.kill(server.pid, "SIGKILL");
  };
  process.once("exit", endAtExit);
  const down = (): Promise<void> => server.stop();
  const stop = async (): Promise<void> => {
    process.off("exit", endAtExit);
    redis.disconnect();
    await server.stop();
    await rm(home, { recursive: true, force: true });
  };
  return {
    url: server.url,
    redis,
    pid: () => server.pid,
    down,
    async kill9() {
      process.kill(server.pid, "SIGKILL");
      await eventually(() => requireGone(server.pid), { what: "the killed Redis to be gone" });
    },
    async restart() {
      await server.stop();
      server = await start();
      await redis.ping();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function requireGone(pid: number): void {
  if (isAlive(pid)) throw new Error(`process ${pid} still runs`);
}
