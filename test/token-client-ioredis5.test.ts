// Many apps have ioredis 5: their own client of that version serves as well.
import { Redis as Redis5 } from "ioredis5";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTokenClient } from "@tokenkeeper/shared";
import { fingerprint } from "@tokenkeeper/shared/contract";
import { eventually } from "./support/eventually.ts";
import { nameAccount, newAccount, publishRotation, pushedClock, putRecord, toldAbout } from "./support/records.ts";
import { startTestRedis, type TestRedis } from "./support/redis.ts";

describe("with the app's own client of ioredis 5", () => {
  let server: TestRedis;
  beforeAll(async () => {
    server = await startTestRedis();
  });
  afterAll(() => server.stop());

  it.each([{}, { keyPrefix: "app:" }, { lazyConnect: true }, { enableOfflineQueue: false, lazyConnect: true }])(
    "tokens are read, dropped at a hint, awaited and reported (%j)",
    async (options) => {
      const app = new Redis5(server.url, options);
      if (options.enableOfflineQueue === false) await app.connect();
      const account = newAccount();
      await nameAccount(server.redis, `shop ${account}`, account);
      await putRecord(server.redis, { account, value: "75_first" });
      const tokens = createTokenClient({ redis: app, waitMs: 20_000 });
      expect(await tokens.getAccessToken(`shop ${account}`)).toBe("75_first");

      await putRecord(server.redis, { account, value: "75_second" });
      await eventually(
        async () => {
          await publishRotation(server.redis, account);
          expect(await tokens.getAccessToken(account)).toBe("75_second");
        },
        { what: "the hint" },
      );
      await tokens.report(account, "75_second");
      const ticket = tokens.getTicket(account, "jsapi");
      await eventually(async () => expect(await toldAbout(server.redis, account)).toHaveLength(2), { what: "both" });
      await putRecord(server.redis, { account, kind: "jsapi_ticket", value: "ticket" });

      expect(await ticket).toBe("ticket");
      expect(await toldAbout(server.redis, account)).toEqual([
        { account, kind: "access_token", fp: fingerprint("75_second") },
        { account, kind: "jsapi_ticket" },
      ]);
      await tokens.close();
      expect(await app.ping()).toBe("PONG");
      app.disconnect();
    },
  );

  it("memory serves while Redis is away, and a garbage record counts as absent", async () => {
    await using own = await startTestRedis();
    const app = new Redis5(own.url);
    app.on("error", () => undefined);
    const account = newAccount();
    const clock = pushedClock();
    await putRecord(own.redis, { account, value: "75_kept" });
    await own.redis.set(`wx:tok:{${account}}:jsapi_ticket`, "planted");
    const tokens = createTokenClient({ redis: app, clock, waitMs: 50, redisDeadlineMs: 300 });
    expect(await tokens.getAccessToken(account)).toBe("75_kept");
    await expect(tokens.getTicket(account, "jsapi")).rejects.toMatchObject({ reason: "missing" });

    await own.down();
    clock.push(60_000);

    expect(await tokens.getAccessToken(account)).toBe("75_kept");
    await tokens.close();
    app.disconnect();
  });
});
