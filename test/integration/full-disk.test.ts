// A Redis that cannot write to its disk refuses writes and PING, and serves what it has: nobody takes it for one that is away.
import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createLog } from "@tokenkeeper/core";
import { createDashboard } from "@tokenkeeper/dashboard";
import { anyFreePort } from "@tokenkeeper/launcher";
import { findOnPath } from "../../packages/launcher/src/executable.ts";
import { containerOf, readManifests, type Workload } from "../deploy/manifests.ts";
import { createShippedRedis, ADMIN, type ShippedRedis, type ShippedServer } from "../deploy/shipped-redis.ts";
import { cli } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";

let servers: ShippedRedis;
let world: World;
beforeAll(async () => {
  [servers, world] = await Promise.all([createShippedRedis(), startWorld({ accounts: [{ name: "shop" }] })]);
});
afterAll(async () => {
  await servers[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

/** Takes the server's folder away, as far as it can tell: its next save fails. */
async function breakDisk(server: ShippedServer, folder: string): Promise<void> {
  const admin = server.connect(...ADMIN);
  await rm(folder, { recursive: true });
  await admin.bgsave();
  await eventually(() => expect(admin.ping()).rejects.toThrow("MISCONF"), { what: "the save to have failed" });
}

describe("a Redis that cannot write to its disk", () => {
  it("keeps worker and dashboard ready, and the command line says what is wrong", async () => {
    const server = await servers.start("one");
    const url = `redis://${ADMIN.join(":")}@127.0.0.1:${server.port}`;
    const worker = await anyFreePort();
    await world.startWorker({ REDIS_URL: url, WORKER_HEALTH_PORT: String(worker) });
    const options = {
      redisUrl: url,
      host: "127.0.0.1",
      port: 0,
      credentials: { user: "keeper", password: "correct horse battery" },
      publicUrl: undefined,
      log: createLog({ name: "dashboard", level: "silent", pretty: false }),
    };
    const dashboard = await createDashboard({ ...options, metrics: { host: "127.0.0.1", port: 0, explicit: true } });
    await breakDisk(server, join(servers.folder, "one"));

    for (const port of [worker, dashboard.metricsPort]) {
      expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
    }
    // One that starts now finds it as well.
    await (await createDashboard(options)).close();
    const env = { REDIS_URL: url, WECHAT_API_BASE_URL: world.simulator.url };
    const { stdout } = await cli(["doctor"], { env });
    expect(stdout).toContain("Its last write to disk failed.");
    await dashboard.close();
  });

  it("stays in its Service", async (context) => {
    const env = { PATH: `${dirname(inject("redisServer"))}:${process.env["PATH"]}` };
    if ((await findOnPath(["redis-cli"], env)) === undefined) return context.skip("no redis-cli here");
    const redis = (await readManifests("deploy/redis", ["redis.yaml"])).find(({ kind }) => kind === "StatefulSet");
    const [shell = "", option = "", script = ""] = containerOf(redis as Workload).readinessProbe?.exec?.command ?? [];
    const server = await servers.start("two");
    const probe = (): Promise<unknown> =>
      promisify(execFile)(shell, [option, script.replace("redis-cli", `redis-cli -p ${server.port}`)], { env });

    await expect(probe()).resolves.toBeDefined();
    await breakDisk(server, join(servers.folder, "two"));
    await expect(probe()).resolves.toBeDefined();
  });
});
