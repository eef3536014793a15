import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestRedis, type TestRedis } from "../support/redis.ts";
import { createStage, SETTLE, type Stage } from "./stage.ts";

const BLOCK = { block_class: "cool_down", block_code: "89507", block_until: 1_900_000_000_000, block_secret: "a" };

let server: TestRedis;
let stage: Stage;
beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server.stop());
beforeEach(() => {
  stage = createStage({ redis: server.redis });
});

describe("a failure", () => {
  it("is counted and dated, with its fields, and lets go of lease and intent", async () => {
    const attempt = await stage.begun();
    const before = await stage.now();

    await stage.fail(attempt, { fields: { ...BLOCK, retry_at: undefined, last_code: "89507" } });

    const { failing_since: since, last_at: lastAt, ...control } = await stage.control();
    expect(control).toEqual({
      generation: attempt.generation,
      failures: "1",
      last_attempt: attempt.attempt,
      block_class: "cool_down",
      block_code: "89507",
      block_until: "1900000000000",
      block_secret: "a",
      last_code: "89507",
      settle_due: control["settle_due"],
    });
    expect(Number(since)).toBeGreaterThanOrEqual(before);
    expect(lastAt).toBe(since);
  });

  it("leaves the stored value, its plan and its expiry alone", async () => {
    await stage.commit(await stage.begun(), { value: "still good" });
    const [record, expiry, { control }] = [
      await stage.record(),
      await server.redis.pexpiretime(stage.keys.record),
      await stage.state(),
    ];

    await stage.fail(await stage.begun(), { fields: { retry_at: 5 } });

    expect(await stage.record()).toEqual(record);
    expect(await server.redis.pexpiretime(stage.keys.record)).toBe(expiry);
    expect((await stage.state()).control).toMatchObject({ planAt: control.planAt, expiresAt: control.expiresAt });
  });

  it("keeps the intent of an outcome that is not known, and lets go of the lease", async () => {
    const attempt = await stage.begun();

    await stage.fail(attempt, { keepIntent: true });

    const { control } = await stage.state();
    expect(control.intent).toEqual({ generation: Number(attempt.generation), at: attempt.now });
    expect(control.lease).toBeUndefined();
    expect(Number((await stage.control())["settle_due"])).toBeGreaterThanOrEqual(attempt.now + SETTLE);
  });

  it("sets no settling refresh where none is asked for", async () => {
    const attempt = await stage.begun();

    await stage.fail(attempt, { settleMs: 0 });

    expect(await stage.control()).not.toHaveProperty("settle_due");
  });

  it("replaces the block and the retry of the failure before", async () => {
    await stage.fail(await stage.begun(), { fields: { ...BLOCK, retry_at: 5 } });

    await stage.fail(await stage.begun(), { fields: { retry_at: 6 } });

    const { control } = await stage.state();
    expect(control).toMatchObject({ failures: 2, retryAt: 6 });
    expect(control.block).toBeUndefined();
  });

  it("keeps the date of the first failure in a row", async () => {
    await stage.fail(await stage.begun());
    const first = (await stage.control())["failing_since"];
    await stage.fail(await stage.begun());

    expect((await stage.control())["failing_since"]).toBe(first);
  });

  it("is counted once although it is sent again", async () => {
    const attempt = await stage.begun();
    await stage.fail(attempt, { fields: { retry_at: 5 } });
    const control = await stage.control();

    await stage.fail(attempt, { fields: { retry_at: 6 } });

    expect(await stage.control()).toEqual(control);
  });

  it("works after Redis forgot its scripts", async () => {
    const attempt = await stage.begun();
    await server.redis.script("FLUSH");

    await stage.fail(attempt);

    expect((await stage.state()).control.failures).toBe(1);
  });
});

describe("a failure beside other attempts", () => {
  it("of an attempt whose value was committed after all changes nothing", async () => {
    const attempt = await stage.begun();
    await stage.commit(attempt);
    const control = await stage.control();

    await stage.fail(attempt, { keepIntent: true, fields: { retry_at: 5 } });

    expect(await stage.control()).toEqual(control);
  });

  it("does not touch lease, intent, count and retry of a newer attempt", async () => {
    const older = await stage.begun();
    await stage.setControl({ lease_until: 1 });
    const newer = await stage.begun();
    const control = await stage.control();

    await stage.fail(older, { settleMs: 0, fields: { ...BLOCK, retry_at: 5 } });

    expect(await stage.control()).toEqual(control);
    expect(control).toMatchObject({ lease_attempt: newer.attempt, intent_generation: newer.generation });
  });

  it("does not take back what a newer attempt has committed, and settles what it may have caused", async () => {
    const older = await stage.begun();
    await stage.setControl({ lease_until: 1 });
    const newer = await stage.begun();
    await stage.commit(newer, { sentAt: newer.now + 2 * SETTLE });
    const control = await stage.control();

    await stage.fail(older, { keepIntent: true, fields: { retry_at: 5 } });

    expect(await stage.control()).toEqual({
      ...control,
      settle_due: expect.any(String),
      unknown_at: expect.any(String),
    });
  });

  it("sent again after a newer one has failed too is not counted twice", async () => {
    const older = await stage.begun();
    await stage.fail(older);
    const newer = await stage.begun();
    await stage.fail(newer, { fields: { retry_at: 7 } });

    await stage.fail(older, { fields: { retry_at: 5 } });

    expect((await stage.state()).control).toMatchObject({ failures: 2, retryAt: 7 });
  });

  it("that was flushed away meanwhile is written down", async () => {
    const attempt = await stage.begun();
    await server.redis.flushall();

    await stage.fail(attempt, { fields: BLOCK });

    expect((await stage.state()).control.block).toMatchObject({ class: "cool_down", code: "89507" });
  });
});

describe("a failure over what somebody else wrote", () => {
  it("replaces a control key of another type", async () => {
    const attempt = await stage.begun();
    await server.redis.set(stage.keys.control, "not a hash");

    await stage.fail(attempt, { fields: { retry_at: 5 } });

    expect((await stage.state()).control).toMatchObject({ failures: 1, retryAt: 5 });
  });

  it.each([
    ["failures", "garbage"],
    ["failures", "nan"],
    ["failures", "1.5"],
    ["failing_since", "garbage"],
    ["failing_since", "inf"],
    ["generation", "garbage"],
    ["generation", "inf"],
  ])("counts the field %s as absent when it holds %s, and writes the ban down", async (field, value) => {
    const attempt = await stage.begun();
    await stage.setControl({ [field]: value });

    await stage.fail(attempt, { fields: BLOCK });

    const { control } = await stage.state();
    expect(control).toMatchObject({ failures: 1, block: { class: "cool_down" } });
    expect(control.failingSince).toBeGreaterThanOrEqual(attempt.now);
  });
});
