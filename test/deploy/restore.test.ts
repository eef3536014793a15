// The backup and the restore of docs/deployment.md, carried out on a Redis as deploy/redis ships it.
import { copyFile, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { readDocument } from "../support/markdown.ts";
import { ADMIN, createShippedRedis, type ShippedRedis } from "./shipped-redis.ts";

const AUDIT = "wx:audit:acts";
const RECORD = "wx:tok:{wx1234567890abcdef}:access_token";

let servers: ShippedRedis;
let backup: string;
beforeAll(async () => {
  servers = await createShippedRedis();
  backup = join(servers.folder, "backup.rdb");
  const server = await servers.start("first");
  const admin = server.connect(...ADMIN);
  await admin.xadd(AUDIT, "*", "act", "refresh");
  await admin.hset(RECORD, "value", "old");
  // What `redis-cli --rdb` gets is written by the same code.
  await admin.save();
  await copyFile(join(servers.folder, "first", "dump.rdb"), backup);
  await server.stop();
});
afterAll(() => servers[Symbol.asyncDispose]());

describe("a backup", () => {
  it("is not read by a Redis that is started as usual", async () => {
    await mkdir(join(servers.folder, "usual"));
    await copyFile(backup, join(servers.folder, "usual", "dump.rdb"));

    const server = await servers.start("usual");

    expect(await server.connect(...ADMIN).dbsize()).toBe(0);
  });

  it("is restored by the documented steps, over what was there before", async () => {
    const text = await readDocument("docs/deployment.md");
    for (const step of ["--appendonly no", "CONFIG SET appendonly yes", "aof_last_bgrewrite_status:ok"]) {
      expect(text.split(step).length - 1).toBeGreaterThanOrEqual(2);
    }
    const data = join(servers.folder, "data");
    const before = await servers.start("data");
    await before.connect(...ADMIN).set("wx:slo:2026-11-30", "of the time before");
    await before.stop();

    await rename(join(data, "appendonlydir"), join(servers.folder, "moved"));
    await copyFile(backup, join(data, "dump.rdb"));
    const once = await servers.start("data", ["--appendonly", "no"]);
    const admin = once.connect(...ADMIN);
    expect(await admin.dbsize()).toBe(2);
    await admin.config("SET", "appendonly", "yes");
    await eventually(
      async () => {
        const persistence = await admin.info("persistence");
        expect(persistence).toContain("aof_rewrite_in_progress:0");
        expect(persistence).toContain("aof_last_bgrewrite_status:ok");
      },
      { what: "the rewrite to end" },
    );
    await admin.del(...(await admin.keys("wx:tok:*")));
    await once.stop();

    const usual = (await servers.start("data")).connect(...ADMIN);
    expect(await usual.xrange(AUDIT, "-", "+")).toMatchObject([[expect.any(String), ["act", "refresh"]]]);
    expect(await usual.dbsize()).toBe(1);
    expect(await usual.info("persistence")).toContain("aof_enabled:1");
  });
});
