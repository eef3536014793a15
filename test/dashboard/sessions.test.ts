import { HOUR, MINUTE, sessionKey, userSessionsKey } from "@tokenkeeper/shared/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createSessions, type Sessions } from "../../packages/dashboard/src/sessions.ts";
import type { User } from "../../packages/dashboard/src/users/user.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";

const KEEPER: User = { name: "keeper", role: "operator", hash: undefined, entry: "keeper, operator, one" };

describe("sessions", () => {
  let server: TestRedis;

  beforeAll(async () => {
    server = await startTestRedis();
  });
  afterAll(async () => {
    await server.stop();
  });
  beforeEach(async () => {
    await server.redis.flushall();
  });

  function setUp(known: readonly User[] = [KEEPER]): { sessions: Sessions; pass: (ms: number) => void } {
    let now = 1_800_000_000_000;
    const users = { find: (name: string) => known.find((user) => user.name === name) };
    const sessions = createSessions({ redis: server.redis, now: () => now, users });
    return { sessions, pass: (ms) => void (now += ms) };
  }
  const onlyKey = async (): Promise<string> => {
    const keys = await server.redis.keys(sessionKey("*"));
    expect(keys).toHaveLength(1);
    return keys[0] ?? "";
  };
  const timeToLive = async (): Promise<number> => server.redis.pttl(await onlyKey());

  it("end after 30 min without use, and each use begins them anew", async () => {
    const { sessions } = setUp();
    const id = await sessions.begin(KEEPER);
    expect(await timeToLive()).toBeLessThanOrEqual(30 * MINUTE);
    await server.redis.pexpire(await onlyKey(), MINUTE);

    expect(await sessions.find(id, false)).toBe(KEEPER);
    expect(await timeToLive()).toBeLessThanOrEqual(MINUTE);
    expect(await sessions.find(id, true)).toBe(KEEPER);

    expect(await timeToLive()).toBeGreaterThan(29 * MINUTE);
  });

  it("end after 8 h however much they are used", async () => {
    const { sessions, pass } = setUp();
    const id = await sessions.begin(KEEPER);

    pass(8 * HOUR - 5 * MINUTE);
    expect(await sessions.find(id, true)).toBe(KEEPER);
    expect(await timeToLive()).toBeLessThanOrEqual(5 * MINUTE);
    pass(5 * MINUTE);

    expect(await sessions.find(id, true)).toBeUndefined();
  });

  it("end when the user's entry changes or the user is gone, and outlive a restart", async () => {
    const id = await setUp().sessions.begin(KEEPER);

    expect(await setUp([{ ...KEEPER, entry: "keeper, operator, two" }]).sessions.find(id, true)).toBeUndefined();
    expect(await setUp([]).sessions.find(id, true)).toBeUndefined();
    expect(await setUp().sessions.find(id, true)).toBe(KEEPER);
  });

  it("cannot be made or given to another user by whoever may write to Redis", async () => {
    const admin: User = { name: "root", role: "admin", hash: undefined, entry: "root, admin, one" };
    const { sessions } = setUp([KEEPER, admin]);
    const id = await sessions.begin(KEEPER);
    const stored = JSON.parse((await server.redis.get(await onlyKey())) ?? "") as object;

    await server.redis.set(await onlyKey(), JSON.stringify({ ...stored, user: "root" }));

    expect(await sessions.find(id, true)).toBeUndefined();
  });

  it("are 5 of a user at most: the oldest ends, and others' do not", async () => {
    const other: User = { name: "other", role: "viewer", hash: undefined, entry: "other, viewer, one" };
    const { sessions, pass } = setUp([KEEPER, other]);
    const others = await sessions.begin(other);
    const ids: string[] = [];
    for (let device = 0; device < 7; device += 1) {
      ids.push(await sessions.begin(KEEPER));
      pass(1_000);
    }

    const found = await Promise.all(ids.map((id) => sessions.find(id, true)));

    expect(found).toEqual([undefined, undefined, KEEPER, KEEPER, KEEPER, KEEPER, KEEPER]);
    expect(await sessions.find(others, true)).toBe(other);
    expect(await server.redis.zcard(userSessionsKey("keeper"))).toBe(5);
  });

  it("that have ended do not count against the 5", async () => {
    const { sessions, pass } = setUp();
    const first = await sessions.begin(KEEPER);
    for (let time = 0; time < 6; time += 1) {
      pass(1_000);
      await sessions.end(await sessions.begin(KEEPER));
    }

    expect(await sessions.find(first, true)).toBe(KEEPER);
    expect(await server.redis.zcard(userSessionsKey("keeper"))).toBe(1);
  });

  it("of a user end all at once", async () => {
    const { sessions } = setUp();
    const ids = [await sessions.begin(KEEPER), await sessions.begin(KEEPER)];

    await sessions.endAllOf("keeper");

    expect(await Promise.all(ids.map((id) => sessions.find(id, true)))).toEqual([undefined, undefined]);
    expect(await server.redis.keys("*")).toEqual([]);
  });

  it.each(["", "no JSON", "{}", '{"user":1,"proof":"","endsAt":"soon"}', "null"])(
    "are not what Redis holds as %j",
    async (content) => {
      const { sessions } = setUp();
      const id = await sessions.begin(KEEPER);
      await server.redis.set(await onlyKey(), content);

      expect(await sessions.find(id, true)).toBeUndefined();
    },
  );
});
