import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Account } from "@tokenkeeper/core";
import { anyFreePort } from "@tokenkeeper/launcher";
import { startChild, type Child } from "./child.ts";
import { configText } from "./population.ts";
import type { BenchRedis } from "./redis.ts";

const MAIN = join(import.meta.dirname, "../../packages/worker/src/main.ts");
const READY_MS = 60_000;

/** Writes the file that workers are configured with. @returns its path, beside the data of Redis. */
export async function writeConfig({ folder }: BenchRedis, accounts: readonly Account[]): Promise<string> {
  const file = join(folder, "tokenkeeper.yaml");
  await writeFile(file, configText(accounts), { mode: 0o600 });
  return file;
}

/** A worker as in production, in a process of its own; resolves when it is ready. */
export async function startWorker(options: {
  readonly redisUrl: string;
  readonly origin: string;
  readonly configFile: string;
}): Promise<Child<never>> {
  const port = String(await anyFreePort());
  const env = {
    REDIS_URL: options.redisUrl,
    WECHAT_API_BASE_URL: options.origin,
    TOKENKEEPER_CONFIG: options.configFile,
    WORKER_HEALTH_PORT: port,
  };
  const child = startChild<never>({ file: MAIN, env });
  const deadline = performance.now() + READY_MS;
  while (!(await isReady(port))) {
    if (performance.now() > deadline) throw new Error(`a worker was not ready within ${READY_MS} ms`);
    await sleep(50);
  }
  return child;
}

async function isReady(port: string): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}
