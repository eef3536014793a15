// deploy/redis: a server that keeps every write, evicts nothing, and gives each of our users the rights of the key contract.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { readRedisFacts } from "@tokenkeeper/core";
import { anyFreePort } from "@tokenkeeper/launcher";
import { eventually } from "../support/eventually.ts";
import { blockOf, codeIn, readDocument } from "../support/markdown.ts";

const ACL_PATH = "/etc/redis/tokenkeeper.acl";

const ADMIN = ["admin", "ADMIN_PASSWORD"] as const;

let folder: string;
let port: number;
const servers: ReturnType<typeof spawn>[] = [];
const clients: Redis[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tokenkeeper-deploy-redis-"));
  port = await startServer("one");
});
afterAll(async () => {
  for (const client of clients) client.disconnect();
  for (const server of servers) {
    server.kill("SIGKILL");
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  }
  await rm(folder, { recursive: true, force: true });
});

/** A Redis with the shipped configuration and the example's users. @returns its port */
async function startServer(name: string): Promise<number> {
  const [own, data] = [await anyFreePort(), join(folder, name)];
  await mkdir(data);
  const acl = join(data, "users.acl");
  await writeFile(acl, await readDocument("deploy/redis/users.acl.example"), { mode: 0o600 });
  const configuration = (await readDocument("deploy/redis/tokenkeeper.conf")).replace(ACL_PATH, acl);
  const file = join(data, "tokenkeeper.conf");
  await writeFile(file, configuration, { mode: 0o600 });
  const args = [file, "--port", String(own), "--bind", "127.0.0.1", "--dir", data];
  servers.push(spawn(inject("redisServer"), args, { argv0: "redis-server", stdio: "ignore" }));
  return own;
}

function connect(username: string, password: string, at = port): Redis {
  const options = { username, password, protocol: 2, retryStrategy: () => 50, enableReadyCheck: false } as const;
  const client = new Redis(at, options);
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
      // For people.
      "user admin on >ADMIN_PASSWORD ~* &* +@all",
      "user probe on nopass -@all +ping",
      `user worker on >WORKER_PASSWORD ${rights("worker")}`,
      `user dashboard on >DASHBOARD_REDIS_PASSWORD ${rights("dashboard")}`,
      `user app on >APP_PASSWORD ${rights("reader")} ${rights("reporter")}`,
    ]);
  });

  it("lets somebody run every command of Redis that runbook, deployment and drills name", async () => {
    const admin = connect(...ADMIN);
    const files = ["runbook", "deployment", "drills"].map((name) => readDocument(`docs/${name}.md`));
    const named = (await Promise.all(files)).flatMap((text) => codeIn(text.replaceAll(/^```[^]*?^```$/gm, "")));
    const spoken = new Set(
      named.map((code) => code.replace(/^.*redis-cli (?:--user admin --askpass )?/, "").replaceAll(/<[^>]+>/g, "1")),
    );
    const lines = [...spoken].map((code) => (code.startsWith("--rdb ") ? "PSYNC ? -1" : code).split(" "));
    const known = (await admin.command("INFO", ...lines.map(([word = ""]) => word))) as unknown[];
    const commands = lines.filter(([word = ""], at) => /^[A-Z]+$/.test(word) && known[at] !== null);
    expect(commands.map(([word]) => word)).toEqual(
      expect.arrayContaining(["CONFIG", "INFO", "PSYNC", "REPLICAOF", "FAILOVER", "CLIENT", "FLUSHALL"]),
    );

    const users = (await admin.acl("USERS")) as string[];
    for (const command of commands) {
      const answers = await Promise.all(users.map((user) => admin.call("ACL", "DRYRUN", user, ...command)));
      expect([command, answers]).toEqual([command, expect.arrayContaining(["OK"])]);
    }
    // By whom: that is said where people look first.
    const runbook = (await readDocument("docs/runbook.md")).split("\n## ")[0];
    expect(runbook).toContain("`redis-cli --user admin --askpass <command>`");
    expect(runbook).toContain("statefulset/tokenkeeper-redis -- redis-cli --user admin --askpass <command>`");
    expect(runbook).toContain("`docker compose exec redis redis-cli <command>`");
  });

  it("moves to another server with its users, as docs/drills.md says", async () => {
    const there = await startServer("two");
    const [old, fresh] = [connect(...ADMIN), connect(...ADMIN, there)];
    await eventually(() => fresh.ping(), { what: "the new server to answer" });
    await old.set("wx:audit:kept", "1");
    expect(await readDocument("docs/drills.md")).toContain("`CONFIG SET masteruser admin`");

    for (const each of [fresh, old]) {
      await each.config("SET", "masteruser", ADMIN[0]);
      await each.config("SET", "masterauth", ADMIN[1]);
    }
    await fresh.replicaof("127.0.0.1", port);
    await eventually(async () => expect(await fresh.info("replication")).toContain("master_link_status:up"), {
      what: "the new server to follow",
    });
    await old.call("FAILOVER");
    await eventually(async () => expect(await old.info("replication")).toContain("master_link_status:up"), {
      what: "the old server to follow the new one",
    });

    expect(await fresh.info("replication")).toContain("role:master");
    expect(await fresh.get("wx:audit:kept")).toBe("1");
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
