import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  addCardSignature,
  chooseCardSignature,
  createTokenClient,
  jsApiSignature,
  TokenUnavailableError,
  type TokenClient,
  type TokenClientOptions,
} from "@tokenkeeper/shared";
import { ACCOUNTS_KEY, recordKey, ROTATED_CHANNEL } from "@tokenkeeper/shared/contract";
import { eventually } from "./support/eventually.ts";
import {
  hashReads,
  nameAccount,
  newAccount,
  publishRotation,
  pushedClock,
  putRecord,
  recordFields,
  toldAbout,
} from "./support/records.ts";
import { startTestRedis, type TestRedis } from "./support/redis.ts";

let server: TestRedis;
let redis: Redis;
let clients: TokenClient[] = [];

beforeAll(async () => {
  server = await startTestRedis();
  redis = server.redis;
});
afterAll(() => server.stop());
afterEach(async () => {
  for (const client of clients) await client.close();
  clients = [];
});

function newClient(options: TokenClientOptions = {}): TokenClient {
  const client = createTokenClient({ redis: server.url, ...options });
  clients.push(client);
  return client;
}

const keyOf = (account: string): string => recordKey({ account, kind: "access_token" });
const unavailable = (reason: string): unknown =>
  expect.objectContaining({ name: "TokenUnavailableError", code: "TOKEN_UNAVAILABLE", reason });

describe("reading a token that is there", () => {
  it("gives the token that a worker cached", async () => {
    const account = newAccount();
    await putRecord(redis, { account, value: "75_cached" });

    expect(await newClient().getAccessToken(account)).toBe("75_cached");
  });

  it("gives it by the account's name, and tickets of both types", async () => {
    const account = newAccount();
    await nameAccount(redis, "商城", account);
    await putRecord(redis, { account, value: "75_named" });
    await putRecord(redis, { account, kind: "jsapi_ticket", value: "jsapi-1" });
    await putRecord(redis, { account, kind: "wx_card_ticket", value: "card-1" });
    const tokens = newClient();

    expect(await tokens.getAccessToken("商城")).toBe("75_named");
    expect(await tokens.getTicket("商城", "jsapi")).toBe("jsapi-1");
    expect(await tokens.getTicket(account, "wx_card")).toBe("card-1");
  });

  it("gives a token of 1,024 characters byte for byte", async () => {
    const account = newAccount();
    const printable = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index)).join("");
    const value = printable.repeat(11).slice(0, 1_024);
    await putRecord(redis, { account, value });

    expect(await newClient().getAccessToken(account)).toBe(value);
  });

  it("serves the next reads from memory", async () => {
    const account = newAccount();
    await putRecord(redis, { account, value: "75_memory" });
    const tokens = newClient();
    await tokens.getAccessToken(account);
    const before = await hashReads(redis);

    for (let read = 0; read < 100; read += 1) expect(await tokens.getAccessToken(account)).toBe("75_memory");

    expect(await hashReads(redis)).toBe(before);
  });

  it("asks Redis once for 1,000 cold reads at the same time, and once more for the name", async () => {
    const account = newAccount();
    await nameAccount(redis, "cold", account);
    await putRecord(redis, { account, value: "75_cold" });
    const tokens = newClient();
    const before = await hashReads(redis);

    const values = await Promise.all(Array.from({ length: 1_000 }, () => tokens.getAccessToken("cold")));

    expect(new Set(values)).toEqual(new Set(["75_cold"]));
    expect(await hashReads(redis)).toBe(before + 2);
  });

  it("asks Redis again after 30 s, however much longer the cache is meant to be", async () => {
    const account = newAccount();
    const clock = pushedClock();
    await putRecord(redis, { account, value: "75_first" });
    const tokens = newClient({ clock, cacheMs: 3_600_000 });
    await tokens.getAccessToken(account);
    await putRecord(redis, { account, value: "75_second" });

    clock.push(20_000);
    expect(await tokens.getAccessToken(account)).toBe("75_first");
    clock.push(10_000);
    expect(await tokens.getAccessToken(account)).toBe("75_second");
  });

  it("drops its copy at the hint of a rotation, and at no other message", async () => {
    const account = newAccount();
    const other = newAccount();
    await putRecord(redis, { account, value: "75_old" });
    await putRecord(redis, { account: other, value: "75_other" });
    const tokens = newClient();
    await tokens.getAccessToken(account);
    await tokens.getAccessToken(other);
    await putRecord(redis, { account, value: "75_new" });
    for (const garbage of ["", "{", "null", "[]", '{"account":1,"kind":"access_token"}', "x".repeat(1_000_000)]) {
      await redis.publish(ROTATED_CHANNEL, garbage);
    }
    // That this hint arrived shows that the garbage before it did.
    await eventually(
      async () => {
        await putRecord(redis, { account: other, value: "75_other2" });
        await publishRotation(redis, other);
        expect(await tokens.getAccessToken(other)).toBe("75_other2");
      },
      { what: "the other account's hint" },
    );

    expect(await tokens.getAccessToken(account)).toBe("75_old");
    await publishRotation(redis, account);
    await eventually(async () => expect(await tokens.getAccessToken(account)).toBe("75_new"), { what: "the hint" });
  });

  it("is wrong for 30 s at most when the hint is lost, and hears the next one", async () => {
    const account = newAccount();
    const clock = pushedClock();
    await putRecord(redis, { account, value: "75_old" });
    const tokens = newClient({ clock });
    await tokens.getAccessToken(account);
    await eventually(
      async () => expect(Number(await redis.call("CLIENT", "KILL", "TYPE", "pubsub"))).toBeGreaterThan(0),
      {
        what: "a subscriber to cut off",
      },
    );
    await putRecord(redis, { account, value: "75_missed" });

    clock.push(30_000);
    expect(await tokens.getAccessToken(account)).toBe("75_missed");

    await putRecord(redis, { account, value: "75_heard" });
    await eventually(
      async () => {
        await publishRotation(redis, account);
        expect(await tokens.getAccessToken(account)).toBe("75_heard");
      },
      { what: "the hint" },
    );
  });

  it("follows a name that moves to another account", async () => {
    const [first, second] = [newAccount(), newAccount()];
    const clock = pushedClock();
    await putRecord(redis, { account: first, value: "75_a" });
    await putRecord(redis, { account: second, value: "75_b" });
    await nameAccount(redis, "moving", first);
    const tokens = newClient({ clock });
    expect(await tokens.getAccessToken("moving")).toBe("75_a");

    await nameAccount(redis, "moving", second);
    clock.push(30_000);

    expect(await tokens.getAccessToken("moving")).toBe("75_b");
  });

  it("keeps its copy when the record is deleted, until 5 s before its end", async () => {
    const account = newAccount();
    const clock = pushedClock();
    await putRecord(redis, { account, value: "75_kept", lifeMs: 600_000 });
    const tokens = newClient({ clock, waitMs: 50 });
    await tokens.getAccessToken(account);
    await redis.del(keyOf(account));

    clock.push(580_000);
    expect(await tokens.getAccessToken(account)).toBe("75_kept");
    clock.push(15_000);
    await expect(tokens.getAccessToken(account)).rejects.toEqual(unavailable("missing"));
  });
});

describe("reading a token that is not there", () => {
  it("demands it once for all who wait, and gives it to all when it appears", async () => {
    const account = newAccount();
    const tokens = newClient({ waitMs: 20_000 });
    const reading = Promise.all(Array.from({ length: 100 }, () => tokens.getAccessToken(account)));
    await eventually(async () => expect(await toldAbout(redis, account)).not.toEqual([]), { what: "the demand" });

    await putRecord(redis, { account, value: "75_appeared" });

    expect(new Set(await reading)).toEqual(new Set(["75_appeared"]));
    expect(await toldAbout(redis, account)).toEqual([{ account, kind: "access_token" }]);
  });

  it("says so after 3 s by default", async () => {
    const account = newAccount();
    const startedAt = performance.now();

    await expect(newClient().getAccessToken(account)).rejects.toEqual(unavailable("missing"));

    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(2_950);
    expect(tookMs).toBeLessThan(5_000);
  });

  it("says which credential, why and what to do", async () => {
    const account = newAccount();

    const error: unknown = await newClient({ waitMs: 50 })
      .getTicket(account, "jsapi")
      .catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(TokenUnavailableError);
    expect(error).toMatchObject({ account, kind: "jsapi_ticket", reason: "missing" });
    expect(String(error)).toMatch(/^TokenUnavailableError: jsapi_ticket of "wx\d{16}" is not available: .*dashboard/);
  });

  it.each<[string, string | undefined]>([
    ["a name that nobody wrote", undefined],
    ["an entry that is no JSON", "{"],
    ["an entry without an id", "{}"],
    ["an entry that is null", "null"],
  ])("says that the account is unknown for %s", async (name, entry) => {
    if (entry !== undefined) await redis.hset(ACCOUNTS_KEY, name, entry);

    await expect(newClient().getAccessToken(name)).rejects.toEqual(unavailable("unknown_account"));
  });

  const fields = recordFields("75_garbage");
  const withoutField = (name: string): string[] =>
    Object.entries(fields).flatMap((pair) => (pair[0] === name ? [] : pair));
  const garbage: [string, (key: string) => Promise<unknown>][] = [
    ["a text", (key) => redis.set(key, "75_garbage")],
    ["a list", (key) => redis.rpush(key, "75_garbage")],
    ["a sorted set", (key) => redis.zadd(key, 1, "75_garbage")],
    ["a stream", (key) => redis.xadd(key, "*", "value", "75_garbage")],
    ["a record without a value", (key) => redis.hset(key, ...withoutField("value"))],
    ["a record without an end", (key) => redis.hset(key, ...withoutField("expires_at"))],
    ["a record without a version", (key) => redis.hset(key, ...withoutField("version"))],
    ["a record without a schema", (key) => redis.hset(key, ...withoutField("schema"))],
    ["a record of another schema", (key) => redis.hset(key, { ...fields, schema: "2" })],
    ["a record with an end that is no number", (key) => redis.hset(key, { ...fields, expires_at: "soon" })],
    ["a value of 1 MB", (key) => redis.hset(key, { ...fields, value: "x".repeat(1_000_000) })],
  ];

  it.each(garbage)("takes %s in the record's place as absent", async (_what, write) => {
    const account = newAccount();
    await write(keyOf(account));
    await redis.pexpire(keyOf(account), 7_200_000);

    await expect(newClient({ waitMs: 50 }).getAccessToken(account)).rejects.toEqual(unavailable("missing"));
  });

  it("takes a record that never expires as absent", async () => {
    const account = newAccount();
    await redis.hset(keyOf(account), fields);

    await expect(newClient({ waitMs: 50 }).getAccessToken(account)).rejects.toEqual(unavailable("missing"));
  });

  it("takes a record in the last 5 s of its life as absent", async () => {
    const account = newAccount();
    await putRecord(redis, { account, value: "75_ending", lifeMs: 5_000 });

    await expect(newClient({ waitMs: 50 }).getAccessToken(account)).rejects.toEqual(unavailable("missing"));
  });

  it("believes the record's own life when its key lives longer", async () => {
    const account = newAccount();
    const clock = pushedClock();
    await redis.hset(keyOf(account), recordFields("75_short", 60_000));
    await redis.pexpire(keyOf(account), 7_200_000);
    const tokens = newClient({ clock, waitMs: 50 });
    await tokens.getAccessToken(account);
    await redis.del(keyOf(account));

    clock.push(55_000);

    await expect(tokens.getAccessToken(account)).rejects.toEqual(unavailable("missing"));
  });
});

describe("signJsApi", () => {
  it("gives what wx.config needs, with a signature that anybody can compute again", async () => {
    const account = newAccount();
    await nameAccount(redis, "signing", account);
    await putRecord(redis, { account, kind: "jsapi_ticket", value: "jsapi-2" });
    const url = "https://shop.example/page?x=1#top";

    const signed = await newClient().signJsApi("signing", url);

    const { appId, timestamp, nonceStr, signature } = signed;
    expect(Object.keys(signed).toSorted()).toEqual(["appId", "nonceStr", "signature", "timestamp"]);
    expect(appId).toBe(account);
    expect(Math.abs(timestamp - Date.now() / 1_000)).toBeLessThan(10);
    expect(nonceStr).toMatch(/^[0-9a-f]{24}$/);
    expect(signature).toBe(jsApiSignature({ ticket: "jsapi-2", nonceStr, timestamp, url }));
  });
});

describe("signCard and signCardChoice", () => {
  it("sign with the card ticket what wx.addCard and wx.chooseCard take", async () => {
    const account = newAccount();
    await nameAccount(redis, "cards", account);
    await putRecord(redis, { account, kind: "wx_card_ticket", value: "card-2" });
    const tokens = newClient();

    const { cardId, cardExt } = await tokens.signCard("cards", { cardId: "pCard", openid: "oPerson" });
    const choice = await tokens.signCardChoice("cards", { cardType: "GROUPON" });

    const ext = JSON.parse(cardExt) as { timestamp: string; nonce_str: string };
    const signedWith = { ticket: "card-2", timestamp: Number(ext.timestamp), nonceStr: ext.nonce_str };
    expect({ cardId, cardExt }).toEqual(addCardSignature({ ...signedWith, cardId: "pCard", openid: "oPerson" }));
    const { timestamp, nonceStr } = choice;
    const chosenWith = { ticket: "card-2", appId: account, timestamp, nonceStr, cardType: "GROUPON" };
    expect(choice).toEqual(chooseCardSignature(chosenWith));
    expect(Math.abs(timestamp - Date.now() / 1_000)).toBeLessThan(10);
    expect(nonceStr).not.toBe(ext.nonce_str);
  });
});

describe("the connections", () => {
  const namesOf = async (pattern: string): Promise<string[]> => {
    const list = String(await redis.client("LIST"));
    return [...list.matchAll(/ name=(\S+)/g)].map(([, name]) => name ?? "").filter((name) => name.includes(pattern));
  };

  it("of its own are ended by close, the app's own stays", async () => {
    const account = newAccount();
    await putRecord(redis, { account, value: "75_close" });
    const app = new Redis(server.url, { connectionName: "the-app" });
    const [byUrl, byClient] = [createTokenClient({ redis: server.url }), createTokenClient({ redis: app })];
    await Promise.all([byUrl.getAccessToken(account), byClient.getAccessToken(account)]);
    await eventually(async () => expect(await namesOf("tokenkeeper-rotations")).toHaveLength(2), { what: "both" });

    await byUrl.close();
    await byClient.close();

    await eventually(async () => expect(await namesOf("tokenkeeper")).toEqual([]), { what: "their end" });
    expect(await app.ping()).toBe("PONG");
    app.disconnect();
  });

  it("find the keys although the app's own client has a prefix", async () => {
    const account = newAccount();
    await putRecord(redis, { account, value: "75_prefix" });
    const app = new Redis(server.url, { keyPrefix: "app:" });
    const tokens = newClient({ redis: app });

    expect(await tokens.getAccessToken(account)).toBe("75_prefix");
    await putRecord(redis, { account, value: "75_prefix2" });
    await eventually(
      async () => {
        await publishRotation(redis, account);
        expect(await tokens.getAccessToken(account)).toBe("75_prefix2");
      },
      { what: "the hint" },
    );
    await tokens.close();
    app.disconnect();
  });
});
