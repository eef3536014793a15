import type { ReportReply } from "../../packages/worker/src/store/credential-store.ts";
import { fingerprint } from "@tokenkeeper/shared/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestRedis, type TestRedis } from "../support/redis.ts";
import { createStage, type Stage } from "./stage.ts";

const SPACING = 60_000;
const SUSPECT_SPACING = 600_000;
const FOREIGN_AFTER = 600_000;
const CAP = 60;
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

async function report(fp = FP, foreignAfterMs = -1): Promise<ReportReply> {
  return stage.store.report({
    credential: stage.credential,
    fingerprint: fp,
    now: await stage.now(),
    spacingMs: SPACING,
    suspectSpacingMs: SUSPECT_SPACING,
    cap: CAP,
    foreignAfterMs,
  });
}

describe("a report", () => {
  it("about the stored value counts, and is dated", async () => {
    const before = await stage.now();

    expect(await report()).toBe("confirmed");

    const { reported } = (await stage.state()).control;
    expect(reported?.fingerprint).toBe(FP);
    expect(reported?.at).toBeGreaterThanOrEqual(before);
  });

  it("that counts ends the wait for the next attempt; one that does not leaves it", async () => {
    await stage.setControl({ retry_at: (await stage.now()) + 20_000 });
    await report(fingerprint("older token"));
    expect((await stage.state()).control.retryAt).toBeDefined();

    await report();

    expect((await stage.state()).control.retryAt).toBeUndefined();
  });

  it("about another value does not count and writes nothing", async () => {
    const control = await stage.control();

    expect(await report(fingerprint("older token"))).toBe("stale");
    expect(await stage.control()).toEqual(control);
  });

  it("about a credential that was never stored does not count", async () => {
    stage = createStage({ redis: server.redis });

    expect(await report()).toBe("stale");
  });

  it("counts once within the spacing, however many send it", async () => {
    const counted = await Promise.all(Array.from({ length: 20 }, () => report()));

    expect(counted.filter((reply) => reply === "confirmed")).toHaveLength(1);
    expect(counted.filter((reply) => reply === "too_soon")).toHaveLength(19);
  });

  it("counts again after the spacing", async () => {
    await report();
    await stage.setControl({ reported_seen: (await stage.now()) - SPACING });

    expect(await report()).toBe("confirmed");
  });

  it("about the next value too counts only after the spacing: a foreign refresh is not fought", async () => {
    await report();
    await stage.commit(await stage.begun(), { value: "next" });

    expect(await report(fingerprint("next"))).toBe("too_soon");
    expect((await stage.state()).control.reported).toBeUndefined();
  });

  it.each(["garbage", "nan", "inf", "99999999999999"])("counts after a report dated %s", async (seen) => {
    await stage.setControl({ reported_seen: seen });

    expect(await report()).toBe("confirmed");
  });

  it("over a control key of another type does not count", async () => {
    await server.redis.set(stage.keys.control, "not a hash");

    expect(await report()).toBe("stale");
  });

  it("works after Redis forgot its scripts", async () => {
    await server.redis.script("FLUSH");

    expect(await report()).toBe("confirmed");
  });

  it("counts so often a day and no more", async () => {
    for (let count = 0; count < CAP; count += 1) {
      await stage.setControl({ reported_seen: 0 });
      expect(await report()).toBe("confirmed");
    }
    await stage.setControl({ reported_seen: 0 });

    expect(await report()).toBe("budget");
  });

  it("about a value that WeChat refuses and yet returned again counts only after the longer spacing", async () => {
    await stage.commit(await stage.begun(), { value: "token", suspect: true });
    await stage.setControl({ reported_seen: (await stage.now()) - SPACING });
    expect(await report()).toBe("too_soon");
    await stage.setControl({ reported_seen: (await stage.now()) - SUSPECT_SPACING });

    expect(await report()).toBe("confirmed");
  });

  it("lifts the suspicion when WeChat returns another value", async () => {
    await stage.commit(await stage.begun(), { value: "token", suspect: true });
    await stage.commit(await stage.begun(), { value: "other" });

    expect((await stage.state()).control.suspect).toBeUndefined();
  });

  it("tells of another system when the value died without an unknown outcome of ours", async () => {
    expect(await report(FP, FOREIGN_AFTER)).toBe("foreign");

    expect((await stage.state()).control.foreignAt).toBeGreaterThan(0);
  });

  it("suspects nobody else soon after an unknown outcome of ours", async () => {
    const attempt = await stage.begun();
    await stage.fail(attempt, { keepIntent: true });

    expect(await report(FP, FOREIGN_AFTER)).toBe("confirmed");

    expect((await stage.state()).control.foreignAt).toBeUndefined();
  });
});
