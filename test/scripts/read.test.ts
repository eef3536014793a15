import { fingerprint, recordKey, systemClock } from "@tokenkeeper/shared/contract";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createRedisCredentialStore } from "../../packages/worker/src/store/redis-credential-store.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";
import { createStage, type Stage } from "./stage.ts";

let server: TestRedis;
let stage: Stage;
beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  stage = createStage({ redis: server.redis });
});

const commit = async (): Promise<unknown> => stage.commit(await stage.begun(), { value: "token" });
const readValue = (): Promise<unknown> => stage.store.readValue(stage.credential);

describe("reading the state", () => {
  it("of a credential that was never touched gives Redis' time and zeros", async () => {
    const before = await stage.now();

    const state = await stage.state();

    expect(state).toEqual({
      now: expect.any(Number),
      control: { generation: 0, committedGeneration: 0, failedJobs: [], failures: 0 },
      used: { automatic: 0, byHand: 0 },
    });
    expect(state.now).toBeGreaterThanOrEqual(before);
  });

  it("gives the life that the stored value has left", async () => {
    await commit();

    const { remainingMs } = await stage.state();

    expect(remainingMs).toBeGreaterThan(7_190_000);
    expect(remainingMs).toBeLessThanOrEqual(7_200_000);
  });

  it("keeps each credential's own facts apart, in more than one chunk", async () => {
    await commit();
    const others = Array.from({ length: 1_200 }, (_, index) => `wx${String(index).padStart(16, "0")}`);
    const asked = [...others.slice(0, 700), stage.credential.account, ...others.slice(700)].map((account) => ({
      credential: { account, kind: "access_token" } as const,
      endpoint: "classic_token",
    }));

    const states = await stage.store.readStates(asked);

    const stored = states.flatMap(({ remainingMs }, index) => (remainingMs === undefined ? [] : [index]));
    expect(states).toHaveLength(1_201);
    expect(stored).toEqual([700]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["whose version is not the committed one", () => server.redis.hset(stage.keys.record, "version", "1")],
    ["without a version", () => server.redis.hdel(stage.keys.record, "version")],
    ["of another schema", () => server.redis.hset(stage.keys.record, "schema", "999")],
    ["without an end", () => server.redis.persist(stage.keys.record)],
    [
      "of another type",
      () => server.redis.multi().del(stage.keys.record).set(stage.keys.record, "x", "EX", 100).exec(),
    ],
    ["that is gone", () => server.redis.del(stage.keys.record)],
    ["whose control state is gone", () => server.redis.del(stage.keys.control)],
  ])("counts a record %s as missing, for the plan and for the children", async (_what, tamper) => {
    await commit();

    await tamper();

    expect(await stage.state()).not.toHaveProperty("remainingMs");
    expect(await readValue()).toBeUndefined();
  });

  it.each(["control", "quota"] as const)("counts a %s key of another type as empty", async (name) => {
    const key = name === "control" ? stage.keys.control : await stage.keys.quota();
    await server.redis.set(key, "not a hash");

    expect(await stage.state()).toMatchObject({ control: { generation: 0 }, used: { automatic: 0, byHand: 0 } });
  });

  it("does not let one credential's broken keys hide another's facts", async () => {
    const broken = createStage({ redis: server.redis });
    await server.redis.set(broken.keys.record, "x", "EX", 100);
    await server.redis.set(broken.keys.control, "x");
    await commit();

    const endpoint = "classic_token";
    const [first, second] = await stage.store.readStates([
      { credential: broken.credential, endpoint },
      { credential: stage.credential, endpoint },
    ]);

    expect(first).not.toHaveProperty("remainingMs");
    expect(second?.remainingMs).toBeGreaterThan(0);
    expect(second?.used.automatic).toBe(1);
  });

  it.each(["garbage", "nan", "-5", ""])("counts fetches as none when the counter holds %j", async (value) => {
    await server.redis.hset(await stage.keys.quota(), "classic_token", value);

    expect((await stage.state()).used.automatic).toBe(0);
  });

  it("fails when a part of the facts may not be read: a refusal is not an absent value", async () => {
    await commit();
    await server.redis.acl("SETUSER", "half", "on", ">half", "~wx:tok:*", "~wx:quota:*", "+@all");
    const url = new URL(server.url);
    [url.username, url.password] = ["half", "half"];
    const half = new Redis(url.href, { protocol: 2, retryStrategy: () => null });
    const store = createRedisCredentialStore(half, systemClock);

    const reading = store.readStates([{ credential: stage.credential, endpoint: "classic_token" }]);

    await expect(reading).rejects.toMatchObject({ name: "StorageError", code: "NOPERM" });
    await expect(store.readValue(stage.credential)).rejects.toMatchObject({ name: "StorageError", code: "NOPERM" });
    half.disconnect();
  });
});

describe("reading the value for a child", () => {
  it("gives value, fingerprint and remaining life", async () => {
    await commit();

    expect(await readValue()).toEqual({
      value: "token",
      fingerprint: fingerprint("token"),
      remainingMs: expect.any(Number),
    });
  });

  it("gives nothing before the first commit", async () => {
    expect(await readValue()).toBeUndefined();
  });

  it.each<[string, Record<string, string>]>([
    ["is empty", { value: "" }],
    ["holds a line's end", { value: "a\r\nb" }],
    ["is longer than any token", { value: "a".repeat(5_000) }],
    ["ends at no time", { expires_at: "garbage" }],
  ])("gives nothing when the record's value %s", async (_what, fields) => {
    await commit();

    await server.redis.hset(recordKey(stage.credential), fields);

    expect(await readValue()).toBeUndefined();
  });
});
