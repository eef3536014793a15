import { fingerprint } from "@tokenkeeper/shared/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestRedis, type TestRedis } from "../support/redis.ts";
import { createStage, type Stage } from "./stage.ts";

const SPACING = 60_000;
const FP = fingerprint("token");

let server: TestRedis;
let stage: Stage;
beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  stage = createStage({ redis: server.redis });
  await stage.commit(await stage.begun(), { value: "token" });
});

const report = (fp = FP): Promise<boolean> => stage.store.report(stage.credential, fp, SPACING);

describe("a report", () => {
  it("about the stored value counts, and is dated", async () => {
    const before = await stage.now();

    expect(await report()).toBe(true);

    const { reported } = (await stage.state()).control;
    expect(reported?.fingerprint).toBe(FP);
    expect(reported?.at).toBeGreaterThanOrEqual(before);
  });

  it("about another value does not count and writes nothing", async () => {
    const control = await stage.control();

    expect(await report(fingerprint("older token"))).toBe(false);
    expect(await stage.control()).toEqual(control);
  });

  it("about a credential that was never stored does not count", async () => {
    stage = createStage({ redis: server.redis });

    expect(await report()).toBe(false);
  });

  it("counts once within the spacing, however many send it", async () => {
    const counted = await Promise.all(Array.from({ length: 20 }, () => report()));

    expect(counted.filter(Boolean)).toHaveLength(1);
  });

  it("counts again after the spacing", async () => {
    await report();
    await stage.setControl({ reported_seen: (await stage.now()) - SPACING });

    expect(await report()).toBe(true);
  });

  it("about the next value too counts only after the spacing: a foreign refresh is not fought", async () => {
    await report();
    await stage.commit(await stage.begun(), { value: "next" });

    expect(await report(fingerprint("next"))).toBe(false);
    expect((await stage.state()).control.reported).toBeUndefined();
  });

  it.each(["garbage", "nan", "inf", "99999999999999"])("counts after a report dated %s", async (seen) => {
    await stage.setControl({ reported_seen: seen });

    expect(await report()).toBe(true);
  });

  it("over a control key of another type does not count", async () => {
    await server.redis.set(stage.keys.control, "not a hash");

    expect(await report()).toBe(false);
  });

  it("works after Redis forgot its scripts", async () => {
    await server.redis.script("FLUSH");

    expect(await report()).toBe(true);
  });
});
