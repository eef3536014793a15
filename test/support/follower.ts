// A second instance beside a world: its own Redis and workers, whose accounts read from the world's token HTTP API.
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog, loadWorkerConfig, REFRESH_QUEUE, type WorkerConfig } from "@tokenkeeper/core";
import { anyFreePort } from "@tokenkeeper/launcher";
import { createTokenClient, type TokenClient, type TokenClientOptions } from "@tokenkeeper/shared";
import { QUEUE_PREFIX } from "@tokenkeeper/shared/contract";
import { createRuntime, type RuntimeOptions } from "@tokenkeeper/worker";
import { Queue } from "bullmq";
import { startTestRedis, type TestRedis } from "./redis.ts";
import { spawnWorker, type WorkerProcess, type World } from "./world.ts";

export interface FollowerOptions {
  /** Name of the world's key that it uses. */
  readonly key: string;
  /** It has a token HTTP API too, with the world's keys. */
  readonly serves?: boolean;
  /** Another follower that it follows in the world's place. */
  readonly of?: Follower;
}

export interface Follower extends AsyncDisposable {
  readonly redis: TestRedis;
  readonly refreshQueue: Queue;
  readonly apiUrl: string;
  client(options?: TokenClientOptions): TokenClient;
  /** @param key name of another key than that of the start. */
  config(key?: string): WorkerConfig;
  /** A worker in this process. */
  startRuntime(options?: Partial<RuntimeOptions>): Promise<void>;
  /** A worker as a process. */
  startWorker(): Promise<WorkerProcess>;
  /** What was asked of the host that the follower takes for WeChat: paths, oldest first. */
  readonly askedOfWechat: readonly string[];
}

/** Starts its Redis; the accounts are those of the world, without their secrets. */
export async function startFollower(world: World, { key, serves, of }: FollowerOptions): Promise<Follower> {
  const redis = await startTestRedis();
  const askedOfWechat: string[] = [];
  const wechat = createServer((request, response) => {
    askedOfWechat.push(new URL(request.url ?? "", "http://any").pathname);
    response.end('{"errcode":-1}');
  }).listen(0, "127.0.0.1");
  await once(wechat, "listening");
  const connection = redis.redis.duplicate();
  connection.on("error", () => undefined);
  const refreshQueue = new Queue(REFRESH_QUEUE, { connection, prefix: QUEUE_PREFIX });
  refreshQueue.on("error", () => undefined);
  const closers: (() => Promise<unknown>)[] = [];
  const apiPort = await anyFreePort();

  function yaml(keyName: string): string {
    const { accounts, api } = JSON.parse(world.yaml()) as { accounts: Record<string, unknown>[]; api: object };
    return JSON.stringify({
      leader: { url: (of ?? world).apiUrl, key: world.key(keyName) },
      ...(serves && { api: { ...api, port: apiPort } }),
      accounts: accounts.map(({ secret: _secret, token: _token, ...account }) => account),
    });
  }

  function environment(extra: Record<string, string> = {}): Record<string, string> {
    return {
      REDIS_URL: redis.url,
      WECHAT_API_BASE_URL: `http://127.0.0.1:${(wechat.address() as AddressInfo).port}`,
      TOKENKEEPER_TIME_SCALE: String(world.scale),
      LOG_LEVEL: "debug",
      ...extra,
    };
  }

  function config(keyName = key): WorkerConfig {
    const file = { bytes: new TextEncoder().encode(yaml(keyName)), mode: 0o400 };
    return { ...loadWorkerConfig(environment(), () => file), healthPort: 0 };
  }

  return {
    redis,
    refreshQueue,
    apiUrl: `http://127.0.0.1:${apiPort}`,
    askedOfWechat,
    config,

    client(options = {}) {
      const made = createTokenClient({ redis: redis.url, timeScale: world.scale, ...options });
      closers.push(() => made.close());
      return made;
    },

    async startRuntime(options = {}) {
      const log = createLog({ name: "follower", level: process.env["WORLD_LOG"] ?? "silent", pretty: false });
      const runtime = createRuntime({ config: config(), log, ...options });
      closers.push(() => runtime.stop());
      await runtime.start();
    },

    async startWorker() {
      const folder = await mkdtemp(join(tmpdir(), "tokenkeeper-follower-"));
      closers.push(() => rm(folder, { recursive: true, force: true }));
      const file = join(folder, "tokenkeeper.yaml");
      await writeFile(file, yaml(key), { mode: 0o600 });
      const port = String(await anyFreePort());
      const worker = await spawnWorker(environment({ WORKER_HEALTH_PORT: port, TOKENKEEPER_CONFIG: file }));
      closers.push(() => worker.kill9());
      return worker;
    },

    async [Symbol.asyncDispose]() {
      await Promise.all(closers.map((close) => close()));
      await refreshQueue.close();
      connection.disconnect();
      wechat.closeAllConnections();
      wechat.close();
      await redis.stop();
    },
  };
}
