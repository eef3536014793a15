// Servers with the configuration and the users of deploy/redis.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { inject } from "vitest";
import { anyFreePort } from "@tokenkeeper/launcher";
import { eventually } from "../support/eventually.ts";
import { readDocument } from "../support/markdown.ts";

/** Where tokenkeeper.conf looks for the users. */
export const ACL_PATH = "/etc/redis/tokenkeeper.acl";
/** The user for people and its password in the example. */
export const ADMIN = ["admin", "ADMIN_PASSWORD"] as const;

/** One of the servers. */
export interface ShippedServer {
  readonly port: number;
  connect(username: string, password: string): Redis;
  /** Ends it orderly. */
  stop(): Promise<void>;
}

/** Servers, each with a data folder of its own below `folder`. */
export interface ShippedRedis extends AsyncDisposable {
  readonly folder: string;
  /** @param name of its data folder @param options of redis-server, over those of the configuration @returns once it answers */
  start(name: string, options?: readonly string[]): Promise<ShippedServer>;
}

/** Makes a folder for servers; all of them end with it. */
export async function createShippedRedis(): Promise<ShippedRedis> {
  const folder = await mkdtemp(join(tmpdir(), "tokenkeeper-deploy-redis-"));
  const acl = join(folder, "users.acl");
  const file = join(folder, "tokenkeeper.conf");
  await writeFile(acl, await readDocument("deploy/redis/users.acl.example"), { mode: 0o600 });
  await writeFile(file, (await readDocument("deploy/redis/tokenkeeper.conf")).replace(ACL_PATH, acl), { mode: 0o600 });
  const ends: ((signal: NodeJS.Signals) => Promise<void>)[] = [];
  const clients: Redis[] = [];

  return {
    folder,
    async start(name, options = []) {
      const [port, data] = [await anyFreePort(), join(folder, name)];
      await mkdir(data, { recursive: true });
      const args = [file, "--port", String(port), "--bind", "127.0.0.1", "--dir", data, ...options];
      const server = spawn(inject("redisServer"), args, { argv0: "redis-server", stdio: "ignore" });
      const ended = once(server, "exit");
      async function end(signal: NodeJS.Signals): Promise<void> {
        server.kill(signal);
        await ended;
      }
      ends.push(end);
      function connect(username: string, password: string): Redis {
        const own = { username, password, protocol: 2, retryStrategy: () => 50, enableReadyCheck: false } as const;
        const client = new Redis(port, own);
        client.on("error", () => undefined);
        clients.push(client);
        return client;
      }
      await eventually(() => connect(...ADMIN).ping(), { what: "the server to answer" });
      return { port, connect, stop: () => end("SIGTERM") };
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.disconnect();
      await Promise.all(ends.map((end) => end("SIGKILL")));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
