// A Redis of our own: a child process with its data, password and port in a private folder that outlive it.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { EXIT } from "@tokenkeeper/core";
import { anyFreePort, isPortFree } from "./port.ts";
import { makePrivateFolder, readIfPresent, writePrivateFile } from "./private-file.ts";
import { endProcess } from "./process-end.ts";
import { parseRedisConfig, redisConfigText } from "./redis-config.ts";
import { probeRedis } from "./redis-probe.ts";
import { StartError } from "./start-error.ts";
import { until } from "./until.ts";

const READY_MS = 30_000;
const PROBE_MS = 5_000;
const STOP_GRACE_MS = 10_000;

export interface RedisServerOptions {
  /** Path of a redis-server or valkey-server. */
  readonly binary: string;
  /** Data folder; made with mode 0700. */
  readonly folder: string;
  /** File (mode 0600) that holds the URL, password included, and a newline. */
  readonly urlFile: string;
}

export interface RedisServer {
  /** `redis://:password@127.0.0.1:port` */
  readonly url: string;
  readonly pid: number;
  /** True when it was already running, left behind by an earlier process. */
  readonly reused: boolean;
  /** Ends the server and waits until it is gone: SIGTERM, after 10 s SIGKILL. */
  stop(): Promise<void>;
}

/**
 * Starts the server of `folder`, or takes over the one that already serves it. Port and password stay over starts;
 * a port that another program took meanwhile is replaced.
 * @throws StartError (exit code 69) when it does not come up or an earlier one hangs.
 */
export async function startRedisServer(options: RedisServerOptions): Promise<RedisServer> {
  await makePrivateFolder(options.folder);
  const folder = await realpath(options.folder);
  const configFile = join(folder, "redis.conf");
  const stored = parseRedisConfig(await readIfPresent(configFile));
  if (stored !== undefined) {
    const url = urlOf(stored);
    const found = await probeRedis(url, PROBE_MS);
    if (found.type === "redis" && found.folder === folder) {
      await writePrivateFile(options.urlFile, `${url}\n`);
      return running(url, found.pid, true);
    }
    if (found.type === "silent") {
      throw new StartError(
        `Whatever listens on port ${stored.port}, likely the private Redis, does not answer. End that process, then start again. Its log: ${join(folder, "redis.log")}.`,
        EXIT.unavailable,
      );
    }
  }
  const port = stored !== undefined && (await isPortFree("127.0.0.1", stored.port)) ? stored.port : await anyFreePort();
  const password = stored?.password ?? randomBytes(24).toString("base64url");
  const url = urlOf({ port, password });
  await writePrivateFile(configFile, redisConfigText({ folder, port, password }));
  await writePrivateFile(options.urlFile, `${url}\n`);
  return running(url, await launch({ binary: options.binary, configFile, url, folder }), false);
}

function urlOf({ port, password }: { readonly port: number; readonly password: string }): string {
  return `redis://:${password}@127.0.0.1:${port}`;
}

function running(url: string, pid: number, reused: boolean): RedisServer {
  return { url, pid, reused, stop: () => endProcess(pid, STOP_GRACE_MS) };
}

/** Returns the process id once the server answers from `folder`. */
async function launch(server: {
  readonly binary: string;
  readonly configFile: string;
  readonly url: string;
  readonly folder: string;
}): Promise<number> {
  // A process group of its own: Ctrl-C in the terminal must not end it before those who write to it.
  const child = spawn(server.binary, [server.configFile], { detached: true, stdio: "ignore" });
  child.unref();
  const ended = once(child, "exit").then(
    () => "ended" as const,
    () => "ended" as const,
  );
  const ready = until(
    async () => {
      const found = await probeRedis(server.url, PROBE_MS);
      if (found.type === "redis" && found.folder === server.folder) return found.pid;
      return child.exitCode === null && child.signalCode === null ? undefined : 0;
    },
    { timeoutMs: READY_MS, everyMs: 10 },
  );
  const pid = await Promise.race([ready, ended]);
  if (typeof pid === "number" && pid > 0) return pid;
  child.kill("SIGKILL");
  throw new StartError(
    `The private Redis did not start. Its log says why: ${join(server.folder, "redis.log")}.`,
    EXIT.unavailable,
  );
}
