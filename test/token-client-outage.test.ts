import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { createTokenClient } from "@tokenkeeper/shared";
import { fingerprint } from "@tokenkeeper/shared/contract";
import { eventually } from "./support/eventually.ts";
import { nameAccount, newAccount, publishRotation, pushedClock, putRecord } from "./support/records.ts";
import { startTestRedis } from "./support/redis.ts";

const LIFE = 600_000;
const UNREACHABLE = { name: "TokenUnavailableError", reason: "redis_unreachable" };

describe("while Redis is down", () => {
  it.each(["a URL", "the app's own client"])("memory serves a valid token, and never longer, with %s", async (kind) => {
    await using server = await startTestRedis();
    const account = newAccount();
    await nameAccount(server.redis, "shop", account);
    await putRecord(server.redis, { account, value: "75_kept", lifeMs: LIFE });
    const app = new Redis(server.url);
    app.on("error", () => undefined);
    const clock = pushedClock();
    const redis = kind === "a URL" ? server.url : app;
    const tokens = createTokenClient({ redis, clock, redisDeadlineMs: 300 });
    expect(await tokens.getAccessToken("shop")).toBe("75_kept");

    await server.down();

    clock.push(60_000);
    expect(await tokens.getAccessToken("shop")).toBe("75_kept");
    clock.push(LIFE - 5_000 - 60_000 - 20_000);
    expect(await tokens.getAccessToken("shop")).toBe("75_kept");
    clock.push(20_000);
    await expect(tokens.getAccessToken("shop")).rejects.toMatchObject(UNREACHABLE);
    await expect(tokens.withToken("shop", async () => "called")).rejects.toMatchObject(UNREACHABLE);
    await tokens.close();
    app.disconnect();
  });

  it.each([
    ["a token that a hint has replaced is served for 5 minutes", "another", 295_000],
    ["a token that was committed once more is served to its end", "the same", LIFE - 5_000],
  ])("%s", async (_title, which, servedMs) => {
    await using server = await startTestRedis();
    const account = newAccount();
    await putRecord(server.redis, { account, value: "75_first", lifeMs: LIFE });
    const clock = pushedClock();
    const tokens = createTokenClient({ redis: server.url, clock, redisDeadlineMs: 300 });
    /** Hints come in their order: what was sent before was heard when the one of another account is. */
    const heard = async (): Promise<void> => {
      const other = newAccount();
      await putRecord(server.redis, { account: other, value: "75_before" });
      await tokens.getAccessToken(other);
      await putRecord(server.redis, { account: other, value: "75_after" });
      await eventually(
        async () => {
          await publishRotation(server.redis, other);
          expect(await tokens.getAccessToken(other)).toBe("75_after");
        },
        { what: "the hint" },
      );
    };
    await heard();
    expect(await tokens.getAccessToken(account)).toBe("75_first");
    await publishRotation(server.redis, account, fingerprint(which === "another" ? "75_next" : "75_first"));
    await heard();
    await server.down();

    clock.push(servedMs - 20_000);
    expect(await tokens.getAccessToken(account)).toBe("75_first");
    clock.push(20_000);
    await expect(tokens.getAccessToken(account)).rejects.toMatchObject(UNREACHABLE);
    await tokens.close();
  });

  it("memory is served without waiting for Redis each time", async () => {
    await using server = await startTestRedis();
    const account = newAccount();
    await putRecord(server.redis, { account, value: "75_quick", lifeMs: LIFE });
    const clock = pushedClock();
    const app = new Redis(server.url);
    app.on("error", () => undefined);
    const tokens = createTokenClient({ redis: app, clock, redisDeadlineMs: 400 });
    await tokens.getAccessToken(account);
    await server.down();
    clock.push(60_000);
    const startedAt = performance.now();

    for (let read = 0; read < 100; read += 1) expect(await tokens.getAccessToken(account)).toBe("75_quick");

    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await tokens.close();
    app.disconnect();
  });

  it("a token or a name that is not in memory is unreachable, not missing", async () => {
    await using server = await startTestRedis();
    const account = newAccount();
    const tokens = createTokenClient({ redis: server.url, redisDeadlineMs: 300 });
    await server.down();

    await expect(tokens.getAccessToken(account)).rejects.toMatchObject({ ...UNREACHABLE, account });
    await expect(tokens.getTicket("shop", "jsapi")).rejects.toMatchObject({ ...UNREACHABLE, account: "shop" });
    await tokens.close();
  });

  it("a client can be made, which reads and hears hints once Redis is there", async () => {
    await using server = await startTestRedis();
    const account = newAccount();
    await putRecord(server.redis, { account, value: "75_before" });
    await server.redis.config("SET", "appendfsync", "always");
    await putRecord(server.redis, { account, value: "75_stored" });
    await server.down();
    const tokens = createTokenClient({ redis: server.url, redisDeadlineMs: 300 });
    await expect(tokens.getAccessToken(account)).rejects.toMatchObject(UNREACHABLE);

    await server.restart();

    await eventually(async () => expect(await tokens.getAccessToken(account)).toBe("75_stored"), { what: "a read" });
    await putRecord(server.redis, { account, value: "75_hinted" });
    await eventually(
      async () => {
        await publishRotation(server.redis, account);
        expect(await tokens.getAccessToken(account)).toBe("75_hinted");
      },
      { what: "a hint" },
    );
    await tokens.close();
  });

  it("a client loses its ear for hints, and has it again after the restart", async () => {
    await using server = await startTestRedis();
    const account = newAccount();
    await putRecord(server.redis, { account, value: "75_before" });
    const tokens = createTokenClient({ redis: server.url, redisDeadlineMs: 300 });
    expect(await tokens.getAccessToken(account)).toBe("75_before");

    await server.restart();

    await putRecord(server.redis, { account, value: "75_hinted" });
    await eventually(
      async () => {
        await publishRotation(server.redis, account);
        expect(await tokens.getAccessToken(account)).toBe("75_hinted");
      },
      { what: "a hint" },
    );
    await tokens.close();
  });
});
