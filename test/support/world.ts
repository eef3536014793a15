// A whole small world: a Redis, a WeChat, workers and a token client, all real.
import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog, loadWorkerConfig, REFRESH_QUEUE, SCHEDULE_QUEUE, type WorkerConfig } from "@tokenkeeper/core";
import { anyFreePort } from "@tokenkeeper/launcher";
import { createTokenClient, type TokenClient, type TokenClientOptions } from "@tokenkeeper/shared";
import { CREDENTIAL_KINDS, QUEUE_PREFIX } from "@tokenkeeper/shared/contract";
import { createSimulator, type AccountInput, type LogEvent, type Simulator } from "@tokenkeeper/simulator";
import { createRuntime, type Runtime, type RuntimeOptions } from "@tokenkeeper/worker";
import { Queue } from "bullmq";
import { eventually } from "./eventually.ts";
import { startTestRedis, type TestRedis } from "./redis.ts";

/** One account of the world, on both sides: in our configuration and in the simulator. */
export interface WorldAccount {
  readonly name: string;
  readonly type?: "official-account" | "mini-program";
  readonly token?: "stable" | "classic";
  readonly tickets?: readonly ("jsapi" | "wx_card")[];
  readonly fallback?: "stable" | "never";
  /** As in the configuration file. */
  readonly mirror?: readonly (string | { readonly sdk: string; readonly prefix: string })[];
  /** The simulator's settings of it. */
  readonly wechat?: Omit<AccountInput, "appId" | "secret" | "type">;
  /** What our configuration has instead of the right secret. */
  readonly wrongSecret?: string;
}

/** One key of the token HTTP API; all accounts and kinds unless it says less. */
export interface WorldKey {
  readonly name: string;
  readonly accounts?: readonly string[];
  readonly kinds?: readonly string[];
  readonly mayReport?: boolean;
  readonly sdkMargin?: string;
  readonly perMinute?: number;
}

export interface WorldOptions {
  readonly accounts: readonly WorldAccount[];
  /** Switches the token HTTP API on. */
  readonly keys?: readonly WorldKey[];
  /** Divides every duration of ours and of the simulator's. @default 20 */
  readonly scale?: number;
}

/** A worker as a process of its own. */
export interface WorkerProcess {
  readonly pid: number;
  /** Its configuration; what is written there is picked up. */
  readonly configFile: string;
  /** Everything it wrote. */
  output(): string;
  /** Sends SIGTERM. @returns exit code and how long it took, ms. */
  stop(): Promise<{ code: number | null; tookMs: number }>;
  kill9(): Promise<void>;
}

export interface World extends AsyncDisposable {
  readonly redis: TestRedis;
  readonly simulator: Simulator;
  readonly scale: number;
  readonly tokens: TokenClient;
  readonly refreshQueue: Queue;
  readonly scheduleQueue: Queue;
  /** The appid of an account by its name. */
  appId(name: string): string;
  client(options?: TokenClientOptions): TokenClient;
  /** A worker in this process. */
  startRuntime(options?: Partial<RuntimeOptions>): Promise<Runtime>;
  /** A worker as a process, of these sources or of those in another folder. */
  startWorker(env?: Record<string, string>, root?: string): Promise<WorkerProcess>;
  /** Our own fetches of tokens and tickets that the simulator executed, oldest first. */
  fetches(name: string, call?: string): LogEvent[];
  /** Resets of an account's quota that the simulator executed. */
  resets(name: string): LogEvent[];
  /** A business call as an app makes it. @returns WeChat's body. */
  businessCall(token: string): Promise<{ errcode?: number; openid?: string }>;
  config(): WorkerConfig;
  /** Where the token HTTP API listens; without a slash at the end. */
  readonly apiUrl: string;
  /** The key of this name, as a client has it. */
  key(name: string): string;
  /** The configuration file of this world. */
  yaml(options?: YamlOptions): string;
}

export interface YamlOptions {
  /** @default true */
  readonly wrongSecrets?: boolean;
  /** Name of an account that is left out. */
  readonly without?: string;
  /** Name of a key of the token HTTP API that is left out. */
  readonly withoutKey?: string;
  /** Another port of the token HTTP API. */
  readonly apiPort?: number;
}

const ROOT = join(import.meta.dirname, "../..");
const FETCH_CALLS = /^(token|stable_token|getticket)/;

/** Starts Redis, simulator and client; workers are started by the test. */
export async function startWorld({ accounts, keys, scale = 20 }: WorldOptions): Promise<World> {
  const redis = await startTestRedis();
  const port = await anyFreePort();
  const known = accounts.map((account, index) => ({ ...account, appId: appIdOf(index), secret: secretOf(index) }));
  const simulator = await createSimulator({
    scale,
    accounts: known.map((account) => ({
      name: account.name,
      appId: account.appId,
      secret: account.secret,
      type: account.type ?? "official-account",
      ...account.wechat,
    })),
  });
  function yaml({ wrongSecrets = true, without, withoutKey, apiPort = port }: YamlOptions = {}): string {
    const written = known.filter(({ name }) => name !== without);
    const api = keys && {
      port: apiPort,
      keys: keys
        .filter(({ name }) => name !== withoutKey)
        .map((key) => ({ accounts: ["*"], kinds: CREDENTIAL_KINDS, ...key, hash: hashOf(keyOf(key.name)) })),
    };
    return JSON.stringify({
      api,
      accounts: written.map((account) => ({
        name: account.name,
        type: account.type ?? "official-account",
        appId: account.appId,
        secret: wrongSecrets ? (account.wrongSecret ?? account.secret) : account.secret,
        token: account.token,
        tickets: account.tickets,
        fallback: account.fallback,
        mirror: account.mirror,
      })),
    });
  }
  const closers: (() => Promise<unknown>)[] = [];
  const connection = redis.redis.duplicate();
  connection.on("error", () => undefined);
  const queues = [REFRESH_QUEUE, SCHEDULE_QUEUE].map((name) => new Queue(name, { connection, prefix: QUEUE_PREFIX }));
  for (const queue of queues) queue.on("error", () => undefined);
  const [refreshQueue, scheduleQueue] = queues as [Queue, Queue];

  function environment(extra: Record<string, string>): Record<string, string> {
    return {
      REDIS_URL: redis.url,
      WECHAT_API_BASE_URL: simulator.url,
      TOKENKEEPER_CONFIG: "tokenkeeper.yaml",
      TOKENKEEPER_TIME_SCALE: String(scale),
      LOG_LEVEL: "debug",
      ...extra,
    };
  }

  function appId(name: string): string {
    const found = known.find((account) => account.name === name);
    if (!found) throw new Error(`no account "${name}" in this world`);
    return found.appId;
  }

  function config(): WorkerConfig {
    const file = { bytes: new TextEncoder().encode(yaml()), mode: 0o400 };
    return { ...loadWorkerConfig(environment({}), () => file), healthPort: 0 };
  }

  function client(options: TokenClientOptions = {}): TokenClient {
    const made = createTokenClient({ redis: redis.url, timeScale: scale, ...options });
    closers.push(() => made.close());
    return made;
  }

  return {
    redis,
    simulator,
    scale,
    refreshQueue,
    scheduleQueue,
    tokens: client(),
    client,
    config,
    apiUrl: `http://127.0.0.1:${port}`,
    key: keyOf,
    yaml,

    appId,

    async startRuntime(options = {}) {
      const log = createLog({ name: "worker", level: process.env["WORLD_LOG"] ?? "silent", pretty: false });
      const runtime = createRuntime({ config: config(), log, ...options });
      closers.push(() => runtime.stop());
      await runtime.start();
      return runtime;
    },

    async startWorker(env = {}, root = ROOT) {
      const folder = await mkdtemp(join(tmpdir(), "tokenkeeper-world-"));
      closers.push(() => rm(folder, { recursive: true, force: true }));
      const file = join(folder, "tokenkeeper.yaml");
      await writeFile(file, yaml(), { mode: 0o600 });
      const ports = { WORKER_HEALTH_PORT: String(await anyFreePort()) };
      const worker = await spawnWorker(environment({ ...ports, TOKENKEEPER_CONFIG: file, ...env }), root);
      closers.push(() => worker.kill9());
      return worker;
    },

    fetches(name, call) {
      const events = simulator.control.log({ appId: appId(name) });
      return events.filter((event) => !event.foreign && FETCH_CALLS.test(event.call) && (!call || event.call === call));
    },

    resets: (name) => simulator.control.log({ appId: appId(name) }).filter(({ call }) => call === "clear_quota/v2"),

    async businessCall(token) {
      const response = await fetch(
        `${simulator.url}/cgi-bin/user/info?access_token=${token}&openid=o6_bmjrPTlm6_2sgVt7hMZOPfL2M`,
      );
      return (await response.json()) as { errcode?: number; openid?: string };
    },

    async [Symbol.asyncDispose]() {
      await Promise.all(closers.map((close) => close()));
      await Promise.all(queues.map((queue) => queue.close()));
      connection.disconnect();
      await simulator.close();
      await redis.stop();
    },
  };
}

/** A worker as a process that is ready. */
export async function spawnWorker(env: Record<string, string>, root = ROOT): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [join(root, "packages/worker/src/main.ts")], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let written = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (written += chunk.toString()));
  const ended = once(child, "exit");
  await eventually(
    async () => {
      if (child.exitCode !== null) throw new Error(`the worker ended with ${child.exitCode}: ${written}`);
      const response = await fetch(`http://127.0.0.1:${env["WORKER_HEALTH_PORT"]}/readyz`);
      if (!response.ok) throw new Error(`readyz answers ${response.status}`);
    },
    { what: "a worker to be ready", timeoutMs: 20_000 },
  );
  return {
    pid: child.pid ?? 0,
    configFile: env["TOKENKEEPER_CONFIG"] ?? "",
    output: () => written,
    async stop() {
      const from = performance.now();
      child.kill("SIGTERM");
      await ended;
      return { code: child.exitCode, tookMs: performance.now() - from };
    },
    kill9: () => killHard(child, ended),
  };
}

async function killHard(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  await ended;
}

function appIdOf(index: number): string {
  return `wx${String(index + 1).padStart(16, "0")}`;
}

function secretOf(index: number): string {
  return createHash("sha256").update(`secret ${index}`).digest("hex").slice(0, 32);
}

function keyOf(name: string): string {
  return createHash("sha256").update(`key ${name}`).digest("base64url");
}

function hashOf(key: string): string {
  return `sha256:${createHash("sha256").update(key).digest("hex")}`;
}
