import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestRedis, type TestRedis } from "../support/redis.ts";
import { createStage, SETTLE, type Stage } from "./stage.ts";

let server: TestRedis;
let stage: Stage;
let sentAt: number;

beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  stage = createStage({ redis: server.redis });
  await stage.commit(await stage.begun(), { value: "stored" });
  const attempt = await stage.begun();
  sentAt = attempt.now;
  await stage.fail(attempt, { keepIntent: true, settleMs: SETTLE });
});

const restore = (): Promise<"settled" | "known" | "restored"> =>
  stage.store.restoreUnknown({ credential: stage.credential, sentAt, settleAt: sentAt + SETTLE });

/** As after a rollback to before the attempt. */
async function forget(): Promise<void> {
  await server.redis.hdel(stage.keys.control, "intent_generation", "intent_at", "unknown_at", "settle_due", "retry_at");
}

describe("an unknown outcome", () => {
  it("that Redis still knows of is left alone", async () => {
    const before = await stage.control();

    expect(await restore()).toBe("known");
    expect(await stage.control()).toEqual(before);
  });

  it("that Redis has lost is owed its settle again, once", async () => {
    await forget();

    expect([await restore(), await restore()]).toEqual(["restored", "known"]);

    expect(await stage.control()).toMatchObject({
      unknown_at: String(sentAt),
      settle_due: String(sentAt + SETTLE),
    });
  });

  it("brings no settle forward that is due later", async () => {
    await forget();
    await stage.setControl({ settle_due: sentAt + 2 * SETTLE });

    expect(await restore()).toBe("restored");
    expect(await stage.control()).toMatchObject({ settle_due: String(sentAt + 2 * SETTLE) });
  });

  it("is over once a value is stored that was asked for when the settle was due", async () => {
    await forget();
    await stage.setControl({ issued_at: sentAt + SETTLE });

    expect(await restore()).toBe("settled");
    expect(await stage.control()).not.toHaveProperty("settle_due");
  });

  it.each(["nan", "-1", "1e3", "9007199254740993"])("counts a field that holds %s as none", async (tampered) => {
    await stage.setControl({ unknown_at: tampered, settle_due: tampered, issued_at: tampered });

    expect(await restore()).toBe("restored");
    expect(await stage.control()).toMatchObject({ settle_due: String(sentAt + SETTLE) });
  });

  it("is written down in the place of a key of another type", async () => {
    await server.redis.set(stage.keys.control, "not a hash");

    expect(await restore()).toBe("restored");
    expect(await stage.control()).toEqual({ unknown_at: String(sentAt), settle_due: String(sentAt + SETTLE) });
  });
});
