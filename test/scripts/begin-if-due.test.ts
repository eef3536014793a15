import { CONTROL_FIELDS, nextBeijingMidnight } from "@tokenkeeper/core";
import { pauseKey, systemClock } from "@tokenkeeper/shared/contract";
import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decide } from "../../packages/worker/src/decide/decide.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";
import { createStage, LEASE, type Stage } from "./stage.ts";

const DAY = 86_400_000;

let server: TestRedis;
let stage: Stage;
beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server.stop());
beforeEach(() => {
  stage = createStage({ redis: server.redis });
});

/** A value whose plan has come. */
async function due(): Promise<void> {
  await stage.commit(await stage.begun(), { planAt: (await stage.now()) - 1 });
}

/** All that Redis holds of the credential. */
async function held(): Promise<unknown> {
  return [await stage.record(), await stage.control(), await server.redis.hgetall(await stage.keys.quota())];
}

describe("a look that may begin", () => {
  it.each<[string, () => Promise<void>]>([
    ["whose plan has come", due],
    ["that was never fetched", async () => {}],
    [
      "whose record is gone",
      async () => {
        await stage.commit(await stage.begun());
        await server.redis.del(stage.keys.record);
      },
    ],
  ])("begins with a credential %s, as a begin after a look would", async (_which, prepare) => {
    await prepare();
    const before = await stage.state();

    const { state, begun } = await stage.beginIfDue({ attempt: "a" });

    const { generation, now } = begun ?? { generation: "", now: 0 };
    expect(begun).toEqual({ type: "begun", generation, now, used: before.used.automatic + 1 });
    expect(Number(generation)).toBeGreaterThan(before.control.generation);
    const { remainingMs: left, ...facts } = before;
    expect(state).toMatchObject({ ...facts, now });
    expect("remainingMs" in state).toBe(left !== undefined);
    expect(await stage.control()).toMatchObject({
      generation,
      lease_attempt: "a",
      lease_until: String(now + LEASE),
      intent_generation: generation,
      intent_at: String(now),
    });
    expect(await server.redis.hgetall(await stage.keys.quota())).toEqual({
      classic_token: String(before.used.automatic + 1),
    });
    expect(await stage.commit({ credential: stage.credential, attempt: "a", generation, settleMs: 0 })).toBe(
      "committed",
    );
    expect((await stage.state()).control).not.toHaveProperty("intent");
  });

  it("changes nothing of a credential that is fresh", async () => {
    await stage.commit(await stage.begun());
    const before = await held();

    const { state, begun } = await stage.beginIfDue();

    expect(begun).toBeUndefined();
    expect(state).toMatchObject({ control: (await stage.state()).control, remainingMs: expect.any(Number) });
    expect(await held()).toEqual(before);
  });

  it("happens once although the same attempt is sent again, and tells the same of it", async () => {
    await due();
    const first = await stage.beginIfDue({ attempt: "a" });
    const after = await held();

    const replay = await stage.beginIfDue({ attempt: "a" });

    expect(replay.begun).toEqual(first.begun);
    expect(replay.state.control).toEqual({ ...first.state.control, generation: Number(first.begun?.generation) });
    expect(await held()).toEqual(after);
  });

  it("lets one of many begin", async () => {
    await due();

    const looks = await Promise.all(Array.from({ length: 20 }, () => stage.beginIfDue()));

    expect(looks.filter(({ begun }) => begun !== undefined)).toHaveLength(1);
    expect((await stage.state()).used.automatic).toBe(2);
  });

  it("begins again after the attempt has failed for sure and its time to retry is over, not before", async () => {
    await due();
    const { begun } = await stage.beginIfDue({ attempt: "a" });
    const attempt = { credential: stage.credential, attempt: "a", generation: begun?.generation ?? "", settleMs: 0 };
    await stage.fail(attempt, { fields: { retry_at: (await stage.now()) + 60_000 } });
    expect(await stage.beginIfDue()).not.toHaveProperty("begun");

    await server.redis.hdel(stage.keys.control, "retry_at");

    expect(await stage.beginIfDue()).toHaveProperty("begun");
  });

  it.each<[string, Record<string, string | number>]>([
    ["an open intent, which has to be settled", { intent_generation: 5, intent_at: 5 }],
    ["a settle that is owed", { settle_due: 5 }],
    ["a lease", { lease_attempt: "b", lease_until: 5 }],
    ["a report", { reported: "0123456789abcdef", reported_at: 5 }],
    ["a retry", { retry_at: 5 }],
    ["a failure that bars it", { block_class: "permanent" }],
    ["a failed job that a person may re-run", { failed_jobs: "7" }],
    ["a plan that is no instant", { plan_at: "soon" }],
    ["no plan", { plan_at: "" }],
  ])("leaves what has to be weighed to the decision: %s", async (_what, fields) => {
    await due();
    await stage.setControl(fields);
    const before = await held();

    const { state, begun } = await stage.beginIfDue();

    expect(begun).toBeUndefined();
    expect(state.control).toEqual((await stage.state()).control);
    expect(await held()).toEqual(before);
  });

  it("does not begin while a person has paused the account", async () => {
    await due();
    await server.redis.set(pauseKey(stage.credential.account), "1");

    expect(await stage.beginIfDue()).toMatchObject({ state: { paused: true } });
    expect((await stage.state()).used.automatic).toBe(1);
  });

  it.each([
    ["that Redis has counted", 1, 0],
    ["that this worker remembers", 300, 300],
  ])("does not begin beyond the day's fetches %s", async (_whose, cap, rememberedUse) => {
    await due();
    const before = await held();

    expect(await stage.beginIfDue({ cap, rememberedUse })).not.toHaveProperty("begun");
    expect(await held()).toEqual(before);
  });

  it.each([
    ["ahead", DAY],
    ["behind", -DAY],
  ])("counts on no other day's counter when the worker's clock is %s", async (_where, skewMs) => {
    const clock = { ...systemClock, now: () => systemClock.now() + skewMs };
    stage = createStage({ redis: server.redis, clock });
    expect(nextBeijingMidnight(clock.now())).not.toBe(nextBeijingMidnight(systemClock.now()));

    expect(await stage.beginIfDue()).not.toHaveProperty("begun");
    expect(await stage.begin()).toMatchObject({ type: "begun" });
  });

  it.each(["record", "control", "quota"] as const)(
    "does not begin when its %s key is of another type",
    async (name) => {
      await due();
      const key = name === "quota" ? await stage.keys.quota() : stage.keys[name];
      await server.redis.set(key, "not a hash");

      expect(await stage.beginIfDue()).not.toHaveProperty("begun");
      expect(await server.redis.get(key)).toBe("not a hash");
    },
  );

  it("decides nothing else than the decision would: it begins only what that would fetch", async () => {
    const instant = fc.constantFrom("", "garbage", "5", "1600000000000", "9007199254740993", String(Date.now() + DAY));
    const field = fc.tuple(fc.constantFrom(...CONTROL_FIELDS), fc.oneof(instant, fc.constantFrom("permanent", "7")));
    let [begunOnes, runs] = [0, 0];

    const property = fc.asyncProperty(fc.array(field, { maxLength: 4 }), fc.boolean(), async (fields, fetched) => {
      stage = createStage({ redis: server.redis });
      if (fetched) await due();
      if (fields.length > 0) await stage.setControl(Object.fromEntries(fields));
      const before = await stage.state();
      const rules = {
        secret: "s",
        endpoint: "classic_token",
        automaticCap: 300,
        handCap: 100,
        forceSpacingMs: 38_000,
        leaseMs: LEASE,
      };
      const decision = decide({ state: before, rules, byHand: false, nextDayAt: before.now + DAY });

      const { begun } = await stage.beginIfDue();

      runs += 1;
      if (begun) begunOnes += 1;
      expect(begun === undefined || decision.type === "refresh").toBe(true);
    });
    await fc.assert(property, { numRuns: 400 });

    expect(begunOnes).toBeGreaterThan(runs / 10);
    expect(begunOnes).toBeLessThan(runs);
  });
});
