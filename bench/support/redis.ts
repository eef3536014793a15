import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRedisServer } from "@tokenkeeper/launcher";
import { Redis } from "ioredis";

/** A Redis of the benchmark's own, configured as `start` configures one: append-only, synced every second. */
export interface BenchRedis extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly redis: Redis;
  /** For what goes away with it. */
  readonly folder: string;
}

/** @param binary path of a redis-server */
export async function startBenchRedis(binary: string): Promise<BenchRedis> {
  const home = await mkdtemp(join(tmpdir(), "tokenkeeper-bench-"));
  const server = await startRedisServer({ binary, folder: join(home, "data"), urlFile: join(home, "redis-url") });
  const redis = new Redis(server.url, { protocol: 2 });
  return {
    url: server.url,
    port: Number(new URL(server.url).port),
    redis,
    folder: home,
    async [Symbol.asyncDispose]() {
      redis.disconnect();
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** @returns how many commands the server has executed, those inside scripts included. */
export async function executedCommands(redis: Redis): Promise<number> {
  const stats = await redis.info("commandstats");
  return [...stats.matchAll(/:calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}
