import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { isAlive, startRedisServer, type RedisServer } from "@tokenkeeper/launcher";
import { eventually } from "./support/eventually.ts";
import { startTestRedis } from "./support/redis.ts";

describe("private Redis", () => {
  let home: string;
  let servers: RedisServer[];

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "tokenkeeper-launcher-"));
    servers = [];
  });
  afterEach(async () => {
    for (const server of servers) await server.stop();
    await rm(home, { recursive: true, force: true });
  });

  const start = async (): Promise<RedisServer> => {
    const server = await startRedisServer({
      binary: inject("redisServer"),
      folder: join(home, "redis"),
      urlFile: join(home, "redis-url"),
    });
    servers.push(server);
    return server;
  };
  it("answers on loopback with an append-only file and evicts nothing", async () => {
    const server = await start();

    const settings = await withClient(server.url, (client) =>
      client.config("GET", "bind", "appendonly", "appendfsync", "maxmemory-policy", "save"),
    );

    const pairs = Object.fromEntries(settings.flatMap((key, at) => (at % 2 === 0 ? [[key, settings[at + 1]]] : [])));
    expect(pairs).toEqual({
      bind: "127.0.0.1",
      appendonly: "yes",
      appendfsync: "everysec",
      "maxmemory-policy": "noeviction",
      save: "",
    });
  });

  it("refuses a client without the password", async () => {
    const server = await start();
    const open = new URL(server.url);
    open.password = "";

    await expect(withClient(open.href, (client) => client.get("any"))).rejects.toThrow("NOAUTH");
  });

  it("keeps URL and configuration readable for their owner only and the password off the command line", async () => {
    const server = await start();

    const modeOf = async (name: string): Promise<number> => (await stat(join(home, name))).mode & 0o777;
    expect(await modeOf("redis")).toBe(0o700);
    expect(await modeOf("redis-url")).toBe(0o600);
    expect(await modeOf("redis/redis.conf")).toBe(0o600);
    expect(await readFile(join(home, "redis-url"), "utf8")).toBe(`${server.url}\n`);
    const commandLine = await commandLineOf(server.pid);
    expect(commandLine).toContain("redis");
    expect(commandLine).not.toContain(new URL(server.url).password);
  });

  it("takes over the server that already serves the folder", async () => {
    const first = await start();

    const second = await start();

    expect(second).toMatchObject({ pid: first.pid, url: first.url, reused: true });
  });

  it("keeps data, port and password over a stop and a start, and leaves no process behind", async () => {
    const first = await start();
    await withClient(first.url, (client) => client.set("kept", "yes"));

    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    const second = await start();

    expect(second.url).toBe(first.url);
    expect(second.reused).toBe(false);
    expect(await withClient(second.url, (client) => client.get("kept"))).toBe("yes");
  });

  it("moves to another port when a stranger took its own", async () => {
    const first = await start();
    await first.stop();
    const port = Number(new URL(first.url).port);
    const stranger = createServer((socket) => socket.resume().end("hello\r\n"));
    await new Promise<void>((resolve) => stranger.listen(port, "127.0.0.1", resolve));

    const second = await start();
    await new Promise((resolve) => stranger.close(resolve));

    expect(new URL(second.url).port).not.toBe(String(port));
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
  });

  it("stops with a sentence when whoever listens on its port does not answer", async () => {
    const first = await start();
    await first.stop();
    const mute = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => mute.listen(Number(new URL(first.url).port), "127.0.0.1", resolve));

    await expect(start()).rejects.toThrow(/does not answer\. End that process/);
    await new Promise((resolve) => mute.close(resolve));
  });

  it("says where the log is when the program does not come up", async () => {
    const failing = startRedisServer({
      binary: "/bin/false",
      folder: join(home, "redis"),
      urlFile: join(home, "redis-url"),
    });

    await expect(failing).rejects.toThrow(/did not start\. Its log says why: .*redis\.log/);
  });
});

describe("startTestRedis", () => {
  it("brings its data back after SIGKILL and a restart", async () => {
    await using server = await startTestRedis();
    await server.redis.set("kept", "yes");
    await server.redis.config("SET", "appendfsync", "always");
    await server.redis.set("last", "one");

    await server.kill9();
    await server.restart();

    expect(await server.redis.mget("kept", "last")).toEqual(["yes", "one"]);
  });

  it("leaves no process after its scope", async () => {
    let pid = 0;
    {
      await using server = await startTestRedis();
      pid = server.pid();
      expect(isAlive(pid)).toBe(true);
    }

    await eventually(() => expect(isAlive(pid)).toBe(false), { what: "the test Redis to be gone" });
  });
});

/** The arguments of a process, as every user of the machine can read them. */
async function commandLineOf(pid: number): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return (await promisify(execFile)("ps", ["-o", "args=", "-p", String(pid)])).stdout;
  }
}

async function withClient<T>(url: string, use: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { protocol: 2 });
  client.on("error", () => undefined);
  try {
    return await use(client);
  } finally {
    client.disconnect();
  }
}
