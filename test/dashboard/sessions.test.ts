import { HOUR, MINUTE } from "@tokenkeeper/shared/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSessions, type Sessions } from "../../packages/dashboard/src/sessions.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";

describe("sessions", () => {
  let server: TestRedis;

  beforeAll(async () => {
    server = await startTestRedis();
  });
  afterAll(async () => {
    await server.stop();
  });

  function setUp(credentials = "one"): { sessions: Sessions; pass: (ms: number) => void } {
    let now = 1_800_000_000_000;
    const sessions = createSessions({ redis: server.redis, now: () => now, credentials });
    return { sessions, pass: (ms) => void (now += ms) };
  }
  const timeToLive = async (): Promise<number> => {
    const [key] = await server.redis.keys("wx:session:*");
    return server.redis.pttl(key ?? "");
  };

  it("end after 30 min without use, and each use begins them anew", async () => {
    await server.redis.flushall();
    const { sessions } = setUp();
    const id = await sessions.begin("keeper");
    expect(await timeToLive()).toBeLessThanOrEqual(30 * MINUTE);
    const [key] = await server.redis.keys("wx:session:*");
    await server.redis.pexpire(key ?? "", MINUTE);

    expect(await sessions.find(id)).toBe("keeper");

    expect(await timeToLive()).toBeGreaterThan(29 * MINUTE);
  });

  it("end after 8 h however much they are used", async () => {
    await server.redis.flushall();
    const { sessions, pass } = setUp();
    const id = await sessions.begin("keeper");

    pass(8 * HOUR - 5 * MINUTE);
    expect(await sessions.find(id)).toBe("keeper");
    expect(await timeToLive()).toBeLessThanOrEqual(5 * MINUTE);
    pass(5 * MINUTE);

    expect(await sessions.find(id)).toBeUndefined();
  });

  it("end when user name or password is changed", async () => {
    const id = await setUp("one").sessions.begin("keeper");

    expect(await setUp("two").sessions.find(id)).toBeUndefined();
    expect(await setUp("one").sessions.find(id)).toBe("keeper");
  });

  it.each(["", "no JSON", "{}", '{"user":1,"endsAt":"soon"}', "null"])(
    "are not what Redis holds as %j",
    async (content) => {
      await server.redis.flushall();
      const { sessions } = setUp();
      const id = await sessions.begin("keeper");
      const [key] = await server.redis.keys("wx:session:*");
      await server.redis.set(key ?? "", content);

      expect(await sessions.find(id)).toBeUndefined();
    },
  );
});
