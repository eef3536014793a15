import { createDurations, createLog } from "@tokenkeeper/core";
import { systemClock } from "@tokenkeeper/shared/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createRepair } from "../../packages/worker/src/refresh/repair.ts";
import type { Attempt, CommitInput } from "../../packages/worker/src/store/credential-store.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";
import { createStage, LEASE, type Stage } from "./stage.ts";

let server: TestRedis;
let stage: Stage;
let older: Attempt;
let commit: CommitInput;

beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  stage = createStage({ redis: server.redis });
  older = await stage.begun();
  await stage.commit(older, { value: "older" });
  const attempt = await stage.begun();
  const at = await stage.now();
  commit = {
    ...attempt,
    value: "newest",
    fingerprint: "0123456789abcdef",
    sentAt: at,
    expiresAt: at + 7_200_000,
    planAt: at + 1_800_000,
    valueSince: at,
    reason: "due",
    durationMs: 5,
    suspect: false,
  };
  await stage.store.commit(commit);
});

const repair = (): Promise<"intact" | "overtaken" | "busy" | "repaired"> =>
  stage.store.repair({ commit, replaced: Number(older.generation), leaseMs: LEASE });

/** As after a failover that lost the last commit. */
async function rollBack(): Promise<void> {
  await server.redis.hset(stage.keys.record, "value", "older", "version", older.generation);
  await stage.setControl({ committed_generation: older.generation, committed_attempt: older.attempt });
}

describe("repair", () => {
  it("leaves a commit alone that is still there", async () => {
    const before = [await stage.record(), await stage.control()];

    expect(await repair()).toBe("intact");
    expect([await stage.record(), await stage.control()]).toEqual(before);
  });

  it("puts the value back after a flush, with its expiry, and the state counts it as fresh", async () => {
    await server.redis.del(stage.keys.record, stage.keys.control);

    expect(await repair()).toBe("repaired");

    expect(await stage.record()).toMatchObject({ value: "newest", version: commit.generation });
    expect(await server.redis.pexpiretime(stage.keys.record)).toBe(commit.expiresAt);
    const { remainingMs, control } = await stage.state();
    expect(remainingMs).toBeGreaterThan(7_000_000);
    expect(control.committedGeneration).toBe(Number(commit.generation));
    expect(control.generation).toBeGreaterThanOrEqual(Number(commit.generation));
  });

  it("puts the value back over the very one that it replaced", async () => {
    await rollBack();

    expect(await repair()).toBe("repaired");
    expect(await stage.record()).toMatchObject({ value: "newest" });
  });

  it("closes its own intent and lease when the rollback brought them back", async () => {
    await rollBack();
    const until = (await stage.now()) + LEASE;
    await stage.setControl({ intent_generation: commit.generation, intent_at: commit.sentAt });
    await stage.setControl({ lease_attempt: commit.attempt, lease_until: until });

    expect(await repair()).toBe("repaired");

    const { intent, lease } = (await stage.state()).control;
    expect([intent, lease]).toEqual([undefined, undefined]);
  });

  it("tells readers of what it put back", async () => {
    const subscriber = server.redis.duplicate();
    await subscriber.subscribe("wx:rotated");
    const hint = new Promise<string>((resolve) => subscriber.once("message", (_channel, text) => resolve(text)));
    await server.redis.del(stage.keys.record);

    await repair();

    expect(JSON.parse(await hint)).toMatchObject({ account: stage.credential.account, version: commit.generation });
    subscriber.disconnect();
  });

  it("does it once: the second look finds it intact", async () => {
    await server.redis.del(stage.keys.record);

    expect([await repair(), await repair()]).toEqual(["repaired", "intact"]);
  });

  it.each<[string, "overtaken" | "busy", () => Promise<unknown>]>([
    ["a newer value was committed", "overtaken", async () => stage.commit(await stage.begun())],
    [
      "somebody is at a newer one",
      "busy",
      async () => {
        await stage.begun();
        await server.redis.del(stage.keys.record);
      },
    ],
    [
      "a newer attempt ended without a known outcome",
      "busy",
      async () => {
        await stage.fail(await stage.begun(), { keepIntent: true });
        await server.redis.del(stage.keys.record);
      },
    ],
    ["another value is there", "overtaken", () => server.redis.hset(stage.keys.record, "version", 1)],
    [
      "another worker holds the lease",
      "busy",
      async () => {
        await server.redis.del(stage.keys.record, stage.keys.control);
        await stage.setControl({ lease_attempt: "other", lease_until: (await stage.now()) + LEASE });
      },
    ],
  ])("keeps its hands off when %s: %s", async (_case, reply, change) => {
    await change();
    const before = await stage.record();

    expect(await repair()).toBe(reply);
    expect(await stage.record()).toEqual(before);
  });

  it("looks again while somebody is at a newer one, and puts the value back when he does not get it", async () => {
    let now = 0;
    const clock = { ...systemClock, monotonic: () => now };
    const log = createLog({ name: "test", level: "silent", pretty: false });
    const durations = createDurations(1);
    const loop = createRepair({ store: stage.store, clock, durations, log });
    loop.watch(commit, Number(older.generation));
    await server.redis.del(stage.keys.record, stage.keys.control);
    const attempt = await stage.begun();
    now += durations.repairUnit;
    await loop.runOnce();
    expect(await stage.record()).toEqual({});
    await stage.fail(attempt);

    now += durations.repairUnit / 2;
    await loop.runOnce();

    expect(await stage.record()).toMatchObject({ value: "newest", version: commit.generation });
  });

  it("does not mind a lease that ends later than any lease can", async () => {
    await server.redis.del(stage.keys.record, stage.keys.control);
    await stage.setControl({ lease_attempt: "other", lease_until: (await stage.now()) + 100 * LEASE });

    expect(await repair()).toBe("repaired");
  });

  it("does not bring back what has expired", async () => {
    await server.redis.del(stage.keys.record, stage.keys.control);
    commit = { ...commit, expiresAt: (await stage.now()) - 1 };

    expect(await repair()).toBe("overtaken");
    expect(await stage.record()).toEqual({});
  });

  it("replaces keys of another type", async () => {
    await server.redis.del(stage.keys.record, stage.keys.control);
    await server.redis.set(stage.keys.record, "not a hash");
    await server.redis.set(stage.keys.control, "not a hash");

    expect(await repair()).toBe("repaired");
    expect(await stage.record()).toMatchObject({ value: "newest" });
  });

  it("works after Redis forgot its scripts", async () => {
    await server.redis.script("FLUSH");
    await server.redis.del(stage.keys.record);

    expect(await repair()).toBe("repaired");
  });
});
