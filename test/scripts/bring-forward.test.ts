import { controlKey, fingerprint } from "@tokenkeeper/shared/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createBringForward, type BringForward } from "../../packages/worker/src/store/bring-forward.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";
import { createStage, type Stage } from "./stage.ts";

const FP = fingerprint("token");

let server: TestRedis;
let stage: Stage;
let bringForward: BringForward;
beforeAll(async () => {
  server = await startTestRedis();
  bringForward = createBringForward(server.redis);
});
afterAll(() => server.stop());
beforeEach(() => {
  stage = createStage({ redis: server.redis });
});

describe("a credential whose leader has another value", () => {
  it("is due now, whatever an earlier failure put in its way", async () => {
    await stage.commit(await stage.begun(), { value: "token" });
    const later = (await stage.now()) + 600_000;
    const block = { block_class: "needs_person", block_code: "leader_key", block_until: later, block_secret: "a" };
    await stage.setControl({ plan_at: later, retry_at: later, ...block });

    expect(await bringForward(stage.credential, FP)).toBe(true);

    const { control, now } = await stage.state();
    expect(control.planAt).toBeLessThanOrEqual(now);
    expect([control.retryAt, control.block]).toEqual([undefined, undefined]);
    expect(Object.keys(await stage.control()).filter((field) => field.startsWith("block_"))).toEqual([]);
  });

  it("is left alone when another value was committed meanwhile", async () => {
    await stage.commit(await stage.begun(), { value: "newer" });
    const before = await stage.control();

    expect(await bringForward(stage.credential, FP)).toBe(false);
    expect(await bringForward(stage.credential, undefined)).toBe(false);
    expect(await stage.control()).toEqual(before);
  });

  it("may never have had a value, and keeps its open intent and its lease", async () => {
    await stage.begun();
    const { lease, intent } = (await stage.state()).control;

    expect(await bringForward(stage.credential, undefined)).toBe(true);
    expect((await stage.state()).control).toMatchObject({ lease, intent });
  });

  it("is found also where something else has written under its key", async () => {
    await server.redis.set(controlKey(stage.credential), "not a hash");

    expect(await bringForward(stage.credential, undefined)).toBe(true);
    expect((await stage.state()).control.planAt).toBeGreaterThan(0);
  });
});
