import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTokenClient, type TokenClient } from "@tokenkeeper/shared";
import { eventually } from "./support/eventually.ts";
import { nameAccount, newAccount, publishRotation, putRecord, toldAbout } from "./support/records.ts";
import { startTestRedis, type TestRedis } from "./support/redis.ts";

const PASSWORD = "only-for-this-test";
// The lines of docs/key-contract.md.
const READER =
  "-@all %R~wx:tok:* %R~wx:accounts &wx:rotated +hget +hmget +hgetall +pttl +time +ping +subscribe +unsubscribe +hello +client|setname +quit";
const REPORTER = `${READER} %W~wx:reports +xadd`;

describe("the rights of the contract", () => {
  let server: TestRedis;

  beforeAll(async () => {
    server = await startTestRedis();
    for (const [user, rules] of [
      ["reader", READER],
      ["reporter", REPORTER],
    ] as const) {
      await server.redis.call("ACL", "SETUSER", user, "reset", "on", `>${PASSWORD}`, ...rules.split(" "));
    }
  });
  afterAll(() => server.stop());

  function clientOf(user: string): TokenClient {
    const url = new URL(server.url);
    url.username = user;
    url.password = PASSWORD;
    return createTokenClient({ redis: url.href, waitMs: 20_000 });
  }
  const denials = async (): Promise<unknown[]> => {
    const log = (await server.redis.call("ACL", "LOG")) as unknown[][];
    return log.map((entry) => entry[entry.indexOf("object") + 1]);
  };

  it("of a reader suffice for reading by id and name and for hints, and nothing is tried beyond them", async () => {
    await server.redis.call("ACL", "LOG", "RESET");
    const account = newAccount();
    await nameAccount(server.redis, "shop", account);
    await putRecord(server.redis, { account, value: "75_reader" });
    await putRecord(server.redis, { account, kind: "jsapi_ticket", value: "jsapi" });
    const tokens = clientOf("reader");

    expect(await tokens.getAccessToken("shop")).toBe("75_reader");
    expect((await tokens.signJsApi(account, "https://shop.example/")).appId).toBe(account);
    await putRecord(server.redis, { account, value: "75_reader2" });
    await eventually(
      async () => {
        await publishRotation(server.redis, account);
        expect(await tokens.getAccessToken("shop")).toBe("75_reader2");
      },
      { what: "a hint" },
    );

    expect(await denials()).toEqual([]);
    await tokens.close();
  });

  it("of a reader let it wait for a missing token, without a demand", async () => {
    await server.redis.call("ACL", "LOG", "RESET");
    const account = newAccount();
    const tokens = clientOf("reader");
    const reading = tokens.getAccessToken(account);
    await eventually(async () => expect(await denials()).toEqual(["xadd"]), { what: "the refused demand" });

    await putRecord(server.redis, { account, value: "75_waited" });

    expect(await reading).toBe("75_waited");
    expect(await toldAbout(server.redis, account)).toEqual([]);
    await tokens.close();
  });

  it("of an app that may report let it demand", async () => {
    const account = newAccount();
    const tokens = clientOf("reporter");
    const reading = tokens.getAccessToken(account);
    await eventually(async () => expect(await toldAbout(server.redis, account)).toHaveLength(1), { what: "a demand" });

    await putRecord(server.redis, { account, value: "75_demanded" });

    expect(await reading).toBe("75_demanded");
    await tokens.close();
  });

  it("of another kind of user make a token unreachable, not missing", async () => {
    await server.redis.call("ACL", "SETUSER", "nobody", "reset", "on", `>${PASSWORD}`, "-@all", "+ping", "+hello");
    const tokens = clientOf("nobody");

    await expect(tokens.getAccessToken(newAccount())).rejects.toMatchObject({ reason: "redis_unreachable" });
    await tokens.close();
  });
});
