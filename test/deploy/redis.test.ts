// deploy/redis: a server that keeps every write, evicts nothing, and gives each of our users the rights of the key contract.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { readRedisFacts } from "@tokenkeeper/core";
import { anyFreePort } from "@tokenkeeper/launcher";
import { eventually } from "../support/eventually.ts";
import { blockOf, readDocument } from "../support/markdown.ts";

const ACL_PATH = "/etc/redis/tokenkeeper.acl";

let folder: string;
let port: number;
let server: ReturnType<typeof spawn>;
const clients: Redis[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tokenkeeper-deploy-redis-"));
  port = await anyFreePort();
  const acl = join(folder, "users.acl");
  await writeFile(acl, await readDocument("deploy/redis/users.acl.example"), { mode: 0o600 });
  const configuration = (await readDocument("deploy/redis/tokenkeeper.conf")).replace(ACL_PATH, acl);
  const file = join(folder, "tokenkeeper.conf");
  await writeFile(file, configuration, { mode: 0o600 });
  const args = [file, "--port", String(port), "--bind", "127.0.0.1", "--dir", folder];
  server = spawn(inject("redisServer"), args, { argv0: "redis-server", stdio: "ignore" });
});
afterAll(async () => {
  for (const client of clients) client.disconnect();
  server.kill("SIGKILL");
  if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  await rm(folder, { recursive: true, force: true });
});

function connect(username: string, password: string): Redis {
  const options = { port, username, password, protocol: 2, retryStrategy: () => 50, enableReadyCheck: false } as const;
  const client = new Redis(options);
  client.on("error", () => undefined);
  clients.push(client);
  return client;
}

describe("deploy/redis", () => {
  it("keeps every write, evicts nothing, and knows nobody without a password", async () => {
    const worker = connect("worker", "WORKER_PASSWORD");
    await eventually(() => worker.ping(), { what: "the server to answer" });

    expect((await readRedisFacts(worker)).evictionPolicy).toBe("noeviction");
    expect(await worker.info("persistence")).toContain("aof_enabled:1");
    await expect(connect("default", "").ping()).rejects.toThrow(/NOAUTH|WRONGPASS/);
    await expect(worker.flushall()).rejects.toThrow("NOPERM");
    await expect(connect("dashboard", "DASHBOARD_REDIS_PASSWORD").hgetall("wx:tok:{a}:access_token")).rejects.toThrow(
      "NOPERM",
    );
    // The readiness probe asks so, with a password that is not one.
    const probe = connect("probe", "probe");
    expect(await probe.ping()).toBe("PONG");
    await expect(probe.get("wx:accounts")).rejects.toThrow("NOPERM");
  });

  it("gives its users the rights of the key contract, letter by letter", async () => {
    const contract = await readDocument("docs/key-contract.md");
    const rights = (user: string): string => blockOf(contract, `acl ${user}`);

    expect((await readDocument("deploy/redis/users.acl.example")).trim().split("\n")).toEqual([
      "user default off",
      "user probe on nopass -@all +ping",
      `user worker on >WORKER_PASSWORD ${rights("worker")}`,
      `user dashboard on >DASHBOARD_REDIS_PASSWORD ${rights("dashboard")}`,
      `user app on >APP_PASSWORD ${rights("reader")} ${rights("reporter")}`,
    ]);
  });

  it("is mounted where its configuration looks for the users", async () => {
    const [conf, kustomization, manifest] = await Promise.all(
      ["tokenkeeper.conf", "kustomization.yaml", "redis.yaml"].map((file) => readDocument(`deploy/redis/${file}`)),
    );

    expect(conf).toContain(`aclfile ${ACL_PATH}`);
    expect(kustomization).toContain("files: [tokenkeeper.acl=users.acl]");
    expect(manifest).toContain("mountPath: /etc/redis,");
    expect(manifest).toContain("redis-server, /etc/redis/tokenkeeper.conf");
  });
});
