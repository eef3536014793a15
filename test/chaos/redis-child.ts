import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive, startRedisServer, type RedisServer } from "@tokenkeeper/launcher";
import { Redis } from "ioredis";
import { eventually } from "../support/eventually.ts";

/** The Redis of the run, to be treated badly. Port, password and data stay over restarts. */
export interface RedisChild extends AsyncDisposable {
  readonly port: number;
  readonly password: string;
  /** A client past the proxy. What it is asked while the server is away fails at once. */
  readonly redis: Redis;
  start(): Promise<void>;
  stop(): Promise<void>;
  kill9(): Promise<void>;
  /** Copies the append-only file as it is now. */
  backUp(): Promise<void>;
  /** Puts the copy in the place of the data; the server must be stopped. */
  restore(): Promise<void>;
}

const AOF = "appendonlydir";

/** @param binary path of a redis-server */
export async function startRedisChild(binary: string): Promise<RedisChild> {
  const home = await mkdtemp(join(tmpdir(), "tokenkeeper-chaos-redis-"));
  const folder = join(home, "data");
  const launch = (): Promise<RedisServer> => startRedisServer({ binary, folder, urlFile: join(home, "redis-url") });
  let server = await launch();
  const { port, password } = new URL(server.url);
  const redis = new Redis(server.url, {
    protocol: 2,
    retryStrategy: () => 50,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: 2_000,
    lazyConnect: true,
  });
  redis.on("error", () => undefined);
  await redis.connect();

  const endAtExit = (): void => {
    if (isAlive(server.pid)) process.kill(server.pid, "SIGKILL");
  };
  process.once("exit", endAtExit);

  return {
    port: Number(port),
    password,
    redis,
    async start() {
      server = await launch();
      await eventually(() => redis.ping(), { what: "the Redis to answer again" });
    },
    stop: () => server.stop(),
    async kill9() {
      const { pid } = server;
      process.kill(pid, "SIGKILL");
      const requireGone = (): void => {
        if (isAlive(pid)) throw new Error(`process ${pid} still runs`);
      };
      await eventually(requireGone, { what: "the killed Redis to be gone" });
    },
    async backUp() {
      await rm(join(home, "copy"), { recursive: true, force: true });
      await cp(join(folder, AOF), join(home, "copy"), { recursive: true });
    },
    async restore() {
      await rm(join(folder, AOF), { recursive: true, force: true });
      await cp(join(home, "copy"), join(folder, AOF), { recursive: true });
    },
    async [Symbol.asyncDispose]() {
      process.off("exit", endAtExit);
      redis.disconnect();
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
