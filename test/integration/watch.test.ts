import { createLog, decodeControl, REFRESH_QUEUE, SCHEDULE_QUEUE } from "@tokenkeeper/core";
import {
  createData,
  createSloWatcher,
  createWatch,
  readSlo,
  rowOf,
  sloLimits,
  type Round,
  type Watch,
  type Watcher,
} from "@tokenkeeper/ops";
import {
  ACCOUNTS_KEY,
  HOUR,
  MINUTE,
  QUEUE_PREFIX,
  SECOND,
  sloKey,
  systemClock,
  watchKey,
} from "@tokenkeeper/shared/contract";
import { Queue } from "bullmq";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";

/** A round on a busy machine must be shorter than three of them. */
const PERIOD = 500;
const PURPOSES = ["alerts", "slo"];
const SHOP = {
  id: "wx1234567890abcdef",
  name: "shop",
  family: "official-account",
  token: "stable",
  sandbox: false,
  kinds: ["access_token", "jsapi_ticket"],
};

describe("the watch", () => {
  let server: TestRedis;
  let queues: { refresh: Queue; schedule: Queue };
  const started: Watch[] = [];
  beforeAll(async () => {
    server = await startTestRedis();
    const queue = (name: string): Queue => new Queue(name, { connection: server.redis, prefix: QUEUE_PREFIX });
    queues = { refresh: queue(REFRESH_QUEUE), schedule: queue(SCHEDULE_QUEUE) };
    await server.redis.hset(ACCOUNTS_KEY, SHOP.id, JSON.stringify(SHOP));
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((each) => each.stop()));
    await server.redis.del(...PURPOSES.map(watchKey));
  });
  afterAll(async () => {
    await Promise.all(Object.values(queues).map((queue) => queue.close()));
    await server.stop();
  });

  function watch(name: string, watchers: Readonly<Record<string, Watcher>>): Watch {
    const created = createWatch({
      redis: server.redis,
      data: createData(server.redis),
      ...queues,
      watchers,
      name,
      periodMs: PERIOD,
      clock: systemClock,
      log: createLog({ name: "test", level: "silent", pretty: false }),
    });
    started.push(created);
    created.start();
    return created;
  }

  it("sees every credential and the fleet, although another watcher fails", async () => {
    const rounds: Round[] = [];
    watch("one", {
      alerts: () => Promise.reject(new Error("of its own")),
      slo: async (round) => void rounds.push(round),
    });

    await eventually(() => expect(rounds.length).toBeGreaterThan(1), { what: "a second round" });

    const [round] = rounds;
    expect(round?.rows.map(({ id, state }) => [id, state])).toEqual([
      [`${SHOP.id}:access_token`, "new"],
      [`${SHOP.id}:jsapi_ticket`, "new"],
    ]);
    expect(round?.facts).toHaveLength(2);
    expect(round?.fleet).toMatchObject({ workers: [], credentials: { all: 2, unserved: 2 } });
  });

  it("is in one process at a time, and goes over to another when that one stops", async () => {
    const seen: string[] = [];
    const first = watch("first", { alerts: async () => void seen.push("first") });
    await eventually(() => expect(seen).toContain("first"), { what: "the first process to watch" });
    watch("second", { alerts: async () => void seen.push("second") });
    await eventually(() => expect(seen.length).toBeGreaterThan(3), { what: "more rounds" });
    expect(seen).not.toContain("second");

    await first.stop();

    await eventually(() => expect(seen).toContain("second"), { what: "the second process to watch" });
    expect(seen.lastIndexOf("first")).toBeLessThan(seen.indexOf("second"));
  });

  it("is not kept from a purpose by a process that watches for another one", async () => {
    const seen = new Set<string>();
    watch("dashboard", { slo: async () => void seen.add("dashboard: slo") });
    await eventually(() => expect([...seen]).toEqual(["dashboard: slo"]), { what: "the first process to watch" });

    watch("worker", {
      slo: async () => void seen.add("worker: slo"),
      alerts: async () => void seen.add("worker: alerts"),
    });

    await eventually(() => expect([...seen]).toEqual(["dashboard: slo", "worker: alerts"]), { what: "both to watch" });
  });

  it("goes over to another process when the one that watched is gone without a word", async () => {
    await server.redis.set(watchKey("alerts"), "killed", "PX", 3 * PERIOD);
    let rounds = 0;
    watch("other", { alerts: async () => void (rounds += 1) });

    await eventually(() => expect(rounds).toBeGreaterThan(0), { what: "the other process to watch" });
    expect(await server.redis.get(watchKey("alerts"))).toBe("other");
  });
});

describe("the service levels", () => {
  let server: TestRedis;
  beforeAll(async () => {
    server = await startTestRedis();
  });
  afterAll(() => server.stop());

  it("are counted by day in Beijing, kept 35 days, and read over 30", async () => {
    const midnight = Date.parse("2026-11-24T16:00:00Z");
    const seen = (now: number): Round => {
      const facts = {
        entry: { ...SHOP, family: "official-account" as const, token: "stable" as const, kinds: [] },
        kind: "access_token" as const,
        now,
        control: { ...decodeControl([]), generation: 1, planAt: midnight },
        lifeMs: now < midnight ? MINUTE : 0,
        counters: {},
      };
      return { now, facts: [facts], rows: [rowOf(facts)], fleet: {} as Round["fleet"] };
    };
    const watcher = createSloWatcher(server.redis, sloLimits());

    for (const at of [-20, -10, -10, 10]) await watcher(seen(midnight + at * SECOND));

    expect(await server.redis.hgetall(sloKey("2026-11-24"))).toMatchObject({ watched_ms: "10000", fresh_ms: "10000" });
    expect(await server.redis.hgetall(sloKey("2026-11-25"))).toMatchObject({ watched_ms: "20000", fresh_ms: "20000" });
    expect(await server.redis.ttl(sloKey("2026-11-24"))).toBeGreaterThan(34 * 24 * 3_600);
    const freshness = { slo: "freshness", of: 30_000, share: 1 };
    expect((await readSlo(server.redis, midnight))[0]).toMatchObject(freshness);
    expect((await readSlo(server.redis, midnight + 29 * 24 * HOUR))[0]).toMatchObject({ of: 20_000 });
    expect((await readSlo(server.redis, midnight + 30 * 24 * HOUR))[0]).toMatchObject({ of: 0 });
  });
});
