import { fingerprint, ROTATED_CHANNEL } from "@tokenkeeper/shared/contract";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { monitorRedis } from "../support/monitor.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";
import { createStage, SETTLE, type Stage } from "./stage.ts";

const TROUBLE = {
  retry_at: 5,
  failures: 3,
  failing_since: 4,
  block_class: "needs_person",
  block_code: "40164",
  block_until: 6,
  block_secret: "a",
  reported: "b",
  reported_at: 7,
  last_code: "40164",
};

let server: TestRedis;
let stage: Stage;
beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server.stop());
beforeEach(() => {
  stage = createStage({ redis: server.redis });
});

describe("a commit", () => {
  it("stores the record, the plan and what happened, and lets go of lease and intent", async () => {
    const attempt = await stage.begun();
    const sentAt = attempt.now;
    const times = { sentAt, expiresAt: sentAt + 7_200_000, planAt: sentAt + 1_800_000, valueSince: sentAt };

    expect(await stage.commit(attempt, { ...times, value: "token" })).toBe("committed");

    const { generation } = attempt;
    expect(await stage.record()).toEqual({
      value: "token",
      expires_at: String(times.expiresAt),
      issued_at: String(sentAt),
      version: generation,
      schema: "1",
    });
    const { committed_at: committedAt, last_at: lastAt, ...control } = await stage.control();
    expect(control).toEqual({
      generation,
      committed_generation: generation,
      committed_attempt: attempt.attempt,
      fingerprint: fingerprint("token"),
      value_since: String(sentAt),
      issued_at: String(sentAt),
      expires_at: String(times.expiresAt),
      plan_at: String(times.planAt),
      last_attempt: attempt.attempt,
      last_outcome: "refreshed",
      last_reason: "due",
      last_duration_ms: "12",
    });
    expect(Number(committedAt)).toBeGreaterThanOrEqual(sentAt);
    expect(lastAt).toBe(committedAt);
  });

  it("lets the record's key end exactly when the credential does", async () => {
    const attempt = await stage.begun();
    const expiresAt = attempt.now + 4_321_987;

    await stage.commit(attempt, { expiresAt });

    expect(await server.redis.pexpiretime(stage.keys.record)).toBe(expiresAt);
    expect(await server.redis.ttl(stage.keys.control)).toBe(-1);
  });

  it("keeps a value of 1,024 characters byte for byte", async () => {
    const value = `${"aB9+/%|=-_".repeat(102)}+/%|`;

    await stage.commit(await stage.begun(), { value });

    expect(await stage.store.readValue(stage.credential)).toMatchObject({ value, fingerprint: fingerprint(value) });
  });

  it("tells the readers once, by account, kind, version and fingerprint", async () => {
    const listener = new Redis(server.url, { protocol: 2 });
    const hints: string[] = [];
    listener.on("message", (_channel, hint) => hints.push(hint));
    await listener.subscribe(ROTATED_CHANNEL);
    const attempt = await stage.begun();

    await stage.commit(attempt, { value: "token" });
    await stage.commit(attempt, { value: "token" });
    await server.redis.publish(ROTATED_CHANNEL, "last");

    await eventually(() => expect(hints).toContain("last"), { what: "the hints" });
    const hint = { ...stage.credential, version: attempt.generation, fp: fingerprint("token") };
    expect(hints).toEqual([JSON.stringify(hint), "last"]);
    listener.disconnect();
  });

  it("ends failures, blocks, retries and reports", async () => {
    const attempt = await stage.begun();
    await stage.setControl(TROUBLE);

    await stage.commit(attempt);

    const control = await stage.control();
    expect(Object.keys(TROUBLE).filter((field) => field in control)).toEqual([]);
  });

  it("keeps the list of failed jobs: their re-run is still a person's", async () => {
    await stage.store.addFailedJob(stage.credential, "17");

    await stage.commit(await stage.begun());

    expect((await stage.state()).control.failedJobs).toEqual(["17"]);
  });

  it("replaces the fields of an older record altogether", async () => {
    await server.redis.hset(stage.keys.record, "value", "old", "left_over", "x");

    await stage.commit(await stage.begun());

    expect(Object.keys(await stage.record()).toSorted()).toEqual([
      "expires_at",
      "issued_at",
      "schema",
      "value",
      "version",
    ]);
  });

  it("happens once although the same attempt is sent again", async () => {
    const attempt = await stage.begun();
    await stage.commit(attempt, { value: "first" });
    const control = await stage.control();

    expect(await stage.commit(attempt, { value: "second" })).toBe("already");
    expect(await stage.record()).toMatchObject({ value: "first" });
    expect(await stage.control()).toEqual(control);
  });

  it("works after Redis forgot its scripts", async () => {
    const attempt = await stage.begun();
    await server.redis.script("FLUSH");

    expect(await stage.commit(attempt)).toBe("committed");
  });

  it("stores a value whose begin was flushed away meanwhile", async () => {
    const attempt = await stage.begun();
    await server.redis.flushall();

    expect(await stage.commit(attempt)).toBe("committed");
    expect(await stage.control()).toMatchObject({ generation: attempt.generation });
    expect((await stage.state()).remainingMs).toBeGreaterThan(0);
  });
});

describe("a commit on the wire", () => {
  it("is one command, so that nobody can see half of it", async () => {
    const attempt = await stage.begun();
    const commands: string[] = [];
    using _seen = await monitorRedis(server.url, ({ name, byScript }) => {
      if (!byScript) commands.push(name);
    });

    await stage.commit(attempt);
    await server.redis.echo("end");
    await eventually(() => expect(commands).toContain("echo"), { what: "the monitor to catch up" });

    expect(commands.filter((command) => !["echo", "time"].includes(command))).toEqual(["evalsha"]);
  });
});

describe("a commit beside other attempts", () => {
  it("is refused when a newer value is stored; that one stays, and a settling refresh is due", async () => {
    const older = await stage.begun();
    await stage.setControl({ lease_until: 1 });
    const newer = await stage.begun();
    await stage.commit(newer, { value: "newer", sentAt: newer.now + SETTLE });
    const before = await stage.now();

    expect(await stage.commit(older, { value: "older" })).toBe("fenced");

    expect(await stage.record()).toMatchObject({ value: "newer", version: newer.generation });
    const control = await stage.control();
    expect(control).toMatchObject({ committed_attempt: newer.attempt, fingerprint: fingerprint("newer") });
    expect(Number(control["settle_due"])).toBeGreaterThanOrEqual(before + SETTLE);
  });

  it("is refused without a settling refresh where a fetch retires nothing", async () => {
    const older = await stage.begun({ settleMs: 0 });
    await stage.setControl({ lease_until: 1 });
    await stage.commit(await stage.begun({ settleMs: 0 }));

    expect(await stage.commit({ ...older, settleMs: 0 })).toBe("fenced");
    expect(await stage.control()).not.toHaveProperty("settle_due");
  });

  it("is refused again when it is sent again", async () => {
    const older = await stage.begun();
    await stage.setControl({ lease_until: 1 });
    await stage.commit(await stage.begun());
    await stage.commit(older);

    expect(await stage.commit(older)).toBe("fenced");
  });

  it("leaves the lease and the intent of a newer attempt alone", async () => {
    const older = await stage.begun();
    await stage.setControl({ lease_until: 1 });
    const newer = await stage.begun();

    expect(await stage.commit(older)).toBe("committed");

    expect(await stage.control()).toMatchObject({
      lease_attempt: newer.attempt,
      intent_generation: newer.generation,
      intent_at: String(newer.now),
      generation: newer.generation,
    });
  });

  it("gives way to the newer one afterwards", async () => {
    const older = await stage.begun();
    await stage.setControl({ lease_until: 1 });
    const newer = await stage.begun();
    await stage.commit(older, { value: "older" });

    expect(await stage.commit(newer, { value: "newer" })).toBe("committed");
    expect(await stage.record()).toMatchObject({ value: "newer" });
    expect((await stage.state()).control.intent).toBeUndefined();
  });
});

describe("a commit and a settling refresh", () => {
  it("settles what was sent when it was due or later", async () => {
    const attempt = await stage.begun();
    await stage.setControl({ settle_due: attempt.now });

    await stage.commit(attempt, { sentAt: attempt.now });

    expect(await stage.control()).not.toHaveProperty("settle_due");
  });

  it("does not settle what was sent before it was due", async () => {
    const attempt = await stage.begun();
    await stage.setControl({ settle_due: attempt.now + 1 });

    await stage.commit(attempt, { sentAt: attempt.now });

    expect((await stage.state()).control.settleDue).toBe(attempt.now + 1);
  });
});

describe("a commit over what somebody else wrote", () => {
  it.each(["control", "record"] as const)("replaces a %s key of another type", async (name) => {
    const attempt = await stage.begun();
    await server.redis.del(stage.keys[name]);
    await server.redis.lpush(stage.keys[name], "not a hash");

    expect(await stage.commit(attempt, { value: "token" })).toBe("committed");
    expect(await stage.record()).toMatchObject({ value: "token" });
    expect((await stage.state()).remainingMs).toBeGreaterThan(0);
  });

  it.each([
    ["committed_generation", "garbage"],
    ["committed_generation", "1e300"],
    ["committed_generation", "nan"],
    ["generation", "inf"],
    ["generation", "garbage"],
    ["intent_generation", "inf"],
    ["settle_due", "garbage"],
    ["settle_due", "inf"],
  ])("counts the field %s as absent when it holds %s", async (field, value) => {
    const attempt = await stage.begun();
    await stage.setControl({ [field]: value });

    expect(await stage.commit(attempt)).toBe("committed");
    const { control, remainingMs } = await stage.state();
    expect(remainingMs).toBeGreaterThan(0);
    expect(control).toMatchObject({
      committedGeneration: Number(attempt.generation),
      generation: Number(attempt.generation),
    });
    expect(control.intent).toBeUndefined();
    expect(control.settleDue).toBeUndefined();
  });
});
