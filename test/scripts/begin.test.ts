import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestRedis, type TestRedis } from "../support/redis.ts";
import { createStage, LEASE, SETTLE, type Stage } from "./stage.ts";

const THREE_DAYS = 3 * 24 * 60 * 60;

let server: TestRedis;
let stage: Stage;
beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server.stop());
beforeEach(() => {
  stage = createStage({ redis: server.redis });
});

describe("the begin of an attempt", () => {
  it("takes the lease, writes the intent and counts one fetch", async () => {
    const before = await stage.now();

    const begun = await stage.begin({ attempt: "a" });

    expect(begun).toEqual({
      type: "begun",
      generation: expect.stringMatching(/^\d{13}$/),
      now: expect.any(Number),
      used: 1,
    });
    const { generation, now } = begun as { generation: string; now: number };
    expect(Number(generation)).toBe(now);
    expect(now).toBeGreaterThanOrEqual(before);
    expect(await stage.control()).toEqual({
      generation,
      lease_attempt: "a",
      lease_until: String(now + LEASE),
      intent_generation: generation,
      intent_at: String(now),
    });
    expect(await server.redis.hgetall(await stage.keys.quota())).toEqual({ classic_token: "1" });
  });

  it("keeps the control state for ever and the day's counters for three days", async () => {
    await stage.begun();

    expect(await server.redis.ttl(stage.keys.control)).toBe(-1);
    const ttl = await server.redis.ttl(await stage.keys.quota());
    expect(ttl).toBeGreaterThan(THREE_DAYS - 60);
    expect(ttl).toBeLessThanOrEqual(THREE_DAYS);
  });

  it("counts a fetch by hand apart from the automatic ones", async () => {
    await stage.commit(await stage.begun());
    await stage.begun({ byHand: true });

    expect(await server.redis.hgetall(await stage.keys.quota())).toEqual({
      classic_token: "1",
      "classic_token:hand": "1",
    });
    expect((await stage.state()).used).toEqual({ automatic: 1, byHand: 1 });
  });

  it("remembers who forced it and when, and only then", async () => {
    await stage.commit(await stage.begun());
    expect((await stage.state()).control.forced).toBeUndefined();

    const { now } = await stage.begun({ byHand: true, forcedBy: "12" });

    expect((await stage.state()).control.forced).toEqual({ at: now, job: "12" });
  });

  it("happens once although the same attempt is sent again", async () => {
    const state = await stage.state();
    const first = await stage.begin({ attempt: "a", state });
    const control = await stage.control();

    const replay = await stage.begin({ attempt: "a", state });

    expect(replay).toEqual(first);
    expect(await stage.control()).toEqual(control);
    expect(await server.redis.hgetall(await stage.keys.quota())).toEqual({ classic_token: "1" });
  });

  it("gives every attempt a generation above the last one", async () => {
    const first = await stage.begun();
    await stage.fail(first);
    const second = await stage.begun();

    expect(Number(second.generation)).toBeGreaterThan(Number(first.generation));
  });

  it("counts on from a generation that lies ahead of the clock", async () => {
    const ahead = (await stage.now()) + 3_600_000;
    await stage.setControl({ generation: ahead });

    expect((await stage.begun()).generation).toBe(String(ahead + 1));
  });

  it("gives a higher generation after everything was flushed", async () => {
    const before = await stage.begun();
    await stage.commit(before);
    await server.redis.flushall();
    // What is left to count from is the time in ms.
    while ((await stage.now()) <= Number(before.generation)) await stage.now();

    const after = await stage.begun();

    expect(Number(after.generation)).toBeGreaterThan(Number(before.generation));
  });

  it("works after Redis forgot its scripts", async () => {
    await stage.commit(await stage.begun());
    await server.redis.script("FLUSH");

    expect(await stage.begin()).toMatchObject({ type: "begun" });
  });
});

describe("the begin of an attempt while another one may be under way", () => {
  it("meets a live lease and changes nothing", async () => {
    const holder = await stage.begun();
    const control = await stage.control();

    const other = await stage.begin();

    expect(other).toEqual({ type: "busy", until: holder.now + LEASE });
    expect(await stage.control()).toEqual(control);
    expect((await stage.state()).used.automatic).toBe(1);
  });

  it("lets only one of fifty in", async () => {
    const state = await stage.state();

    const begun = await Promise.all(Array.from({ length: 50 }, () => stage.begin({ state })));

    expect(begun.filter(({ type }) => type === "begun")).toHaveLength(1);
    expect(begun.filter(({ type }) => type === "busy")).toHaveLength(49);
    expect((await stage.state()).used.automatic).toBe(1);
  });

  it("takes over a lease that is over, with a settling refresh for what the other may have caused", async () => {
    const holder = await stage.begun();
    await stage.setControl({ lease_until: (await stage.now()) - 1 });

    const next = await stage.begun();

    expect(Number(next.generation)).toBeGreaterThan(Number(holder.generation));
    expect(await stage.control()).toMatchObject({
      lease_attempt: next.attempt,
      intent_generation: next.generation,
      settle_due: String(next.now + SETTLE),
    });
  });

  it("takes over a lease that ends later than any lease can", async () => {
    await stage.setControl({ lease_attempt: "broken clock", lease_until: (await stage.now()) + 24 * 3_600_000 });

    expect(await stage.begin()).toMatchObject({ type: "begun" });
  });

  it("has nothing to settle where a fetch retires nothing", async () => {
    await stage.begun();
    await stage.setControl({ lease_until: 1 });
    await stage.begun({ settleMs: 0 });

    expect(await stage.control()).not.toHaveProperty("settle_due");
  });

  it("moves a settling refresh that was due already, and never adds one", async () => {
    await stage.begun();
    await stage.setControl({ lease_until: 1, settle_due: 5 });

    const next = await stage.begun();

    expect((await stage.control())["settle_due"]).toBe(String(next.now + SETTLE));
  });
});

describe("the begin of an attempt on facts that are no longer true", () => {
  it("asks to decide again when another attempt has committed since", async () => {
    const state = await stage.state();
    await stage.commit(await stage.begun());
    const control = await stage.control();

    expect(await stage.begin({ state })).toEqual({ type: "changed" });
    expect(await stage.control()).toEqual(control);
    expect((await stage.state()).used.automatic).toBe(1);
  });

  it("asks to decide again when another attempt has left an intent since", async () => {
    const state = await stage.state();
    await stage.fail(await stage.begun(), { keepIntent: true });

    expect(await stage.begin({ state })).toEqual({ type: "changed" });
  });
});

describe("the day's budget", () => {
  it("ends at the fetches that are allowed, and nothing is taken or written", async () => {
    await stage.commit(await stage.begun({ cap: 1 }));
    const control = await stage.control();

    expect(await stage.begin({ cap: 1 })).toEqual({ type: "budget" });
    expect(await stage.control()).toEqual(control);
  });

  it("goes on from what this worker remembers when Redis knows less", async () => {
    expect(await stage.begin({ rememberedUse: 41 })).toMatchObject({ type: "begun", used: 42 });
    expect((await stage.state()).used.automatic).toBe(42);
  });

  it("is used up by what this worker remembers after a flush", async () => {
    expect(await stage.begin({ rememberedUse: 300, cap: 300 })).toEqual({ type: "budget" });
  });

  it("goes on from what Redis knows when this worker remembers less", async () => {
    await server.redis.hset(await stage.keys.quota(), "classic_token", 99);

    expect(await stage.begin({ rememberedUse: 41 })).toMatchObject({ type: "begun", used: 100 });
  });
});

describe("the begin of an attempt over what somebody else wrote", () => {
  it.each(["control", "quota"] as const)("replaces a %s key of another type", async (name) => {
    const key = name === "control" ? stage.keys.control : await stage.keys.quota();
    await server.redis.set(key, "not a hash");

    expect(await stage.begin()).toMatchObject({ type: "begun", used: 1 });
    expect(await server.redis.type(key)).toBe("hash");
  });

  it.each([
    ["generation", "garbage"],
    ["generation", "nan"],
    ["generation", "inf"],
    ["generation", "1e300"],
    ["generation", "-5"],
    ["generation", "0x10"],
    ["committed_generation", "garbage"],
    ["committed_generation", "1e300"],
    ["intent_generation", "garbage"],
    ["intent_generation", "7"],
    ["lease_until", "garbage"],
    ["lease_until", "inf"],
    ["lease_until", "nan"],
  ])("counts the field %s as absent when it holds %s, and commits", async (field, value) => {
    await stage.setControl({ [field]: value });

    const attempt = await stage.begun();

    expect(Number(attempt.generation)).toBe(attempt.now);
    expect(await stage.commit(attempt)).toBe("committed");
    const state = await stage.state();
    expect(state.remainingMs).toBeGreaterThan(0);
    expect(state.control.intent).toBeUndefined();
  });

  it.each(["garbage", "nan", "inf", "-1", ""])("counts a fetch counter that holds %j as none", async (value) => {
    await server.redis.hset(await stage.keys.quota(), "classic_token", value);

    expect(await stage.begin()).toMatchObject({ type: "begun", used: 1 });
    expect(await server.redis.hget(await stage.keys.quota(), "classic_token")).toBe("1");
  });
});
