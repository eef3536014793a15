// deploy/redis: a server that keeps every write, evicts nothing, and gives each of our users the rights of the key contract.
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRedisFacts } from "@tokenkeeper/core";
import { eventually } from "../support/eventually.ts";
import { blockOf, codeIn, readDocument } from "../support/markdown.ts";
import { ACL_PATH, ADMIN, createShippedRedis, type ShippedRedis, type ShippedServer } from "./shipped-redis.ts";

let servers: ShippedRedis;
let server: ShippedServer;
beforeAll(async () => {
  servers = await createShippedRedis();
  server = await servers.start("one");
});
afterAll(() => servers[Symbol.asyncDispose]());

describe("deploy/redis", () => {
  it("keeps every write, evicts nothing, and knows nobody without a password", async () => {
    const connect = (...who: [user: string, password: string]): Redis => server.connect(...who);
    const worker = connect("worker", "WORKER_PASSWORD");

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
    const admin = server.connect(...ADMIN);
    const files = ["runbook", "deployment", "drills"].map((name) => readDocument(`docs/${name}.md`));
    const named = (await Promise.all(files)).flatMap((text) => codeIn(text.replaceAll(/^```[^]*?^```$/gm, "")));
    const spoken = new Set(
      named.map((code) => code.replace(/^.*redis-cli (?:--user admin --askpass )?/, "").replaceAll(/<[^>]+>/g, "1")),
    );
    const lines = [...spoken].map((code) => (code.startsWith("--rdb ") ? "PSYNC ? -1" : code).split(" "));
    const known = await admin.command("INFO", ...lines.map(([word = ""]) => word));
    const commands = lines.filter(([word = ""], at) => /^[A-Z]+$/.test(word) && known[at] !== null);
    expect(commands.map(([word]) => word)).toEqual(
      expect.arrayContaining(["CONFIG", "INFO", "PSYNC", "REPLICAOF", "FAILOVER", "CLIENT", "FLUSHALL"]),
    );

    const users = await admin.acl("USERS");
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
    const [old, fresh] = [server.connect(...ADMIN), (await servers.start("two")).connect(...ADMIN)];
    await old.set("wx:audit:kept", "1");
    await old.config("SET", "repl-diskless-sync-delay", "0");
    expect(await readDocument("docs/drills.md")).toContain("`CONFIG SET masteruser admin`");

    for (const each of [fresh, old]) {
      await each.config("SET", "masteruser", ADMIN[0]);
      await each.config("SET", "masterauth", ADMIN[1]);
    }
    await fresh.replicaof("127.0.0.1", server.port);
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
