import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive, startRedisServer } from "@tokenkeeper/launcher";
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
  // Whoever interrupts a benchmark does not want to keep its Redis.
  const endAtExit = (): void => {
    if (isAlive(server.pid)) process.kill(server.pid, "SIGKILL");
  };
  process.once("exit", endAtExit);
  return {
    url: server.url,
    port: Number(new URL(server.url).port),
    redis,
    folder: home,
    async [Symbol.asyncDispose]() {
      process.off("exit", endAtExit);
      redis.disconnect();
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** What the server has done so far. */
export interface RedisWork {
  /** Commands executed, those inside scripts included. */
  readonly commands: number;
  /** Time of a processor, ms. */
  readonly cpuMs: number;
}

/** How often a command was executed so far. */
export async function callsOf(redis: Redis, command: string): Promise<number> {
  const stats = await redis.info("commandstats");
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, "m").exec(stats)?.[1] ?? 0);
}

export async function redisWork(redis: Redis): Promise<RedisWork> {
  const stats = await redis.info("commandstats");
  const cpu = await redis.info("cpu");
  const sum = (text: string, pattern: RegExp): number =>
    [...text.matchAll(pattern)].reduce((total, [, number]) => total + Number(number), 0);
  return {
    commands: sum(stats, /:calls=(\d+)/g),
    cpuMs: sum(cpu, /^used_cpu_(?:user|sys):([\d.]+)/gm) * 1_000,
  };
}
