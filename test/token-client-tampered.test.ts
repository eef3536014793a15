// Somebody has written into Redis by hand: the reader gives nothing that is not whole, and the worker heals it.
import type { ChainableCommander, Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createTokenClient, TokenUnavailableError } from "@tokenkeeper/shared";
import { ACCOUNTS_KEY, decodeRecord, RECORD_FIELDS, recordKey, ROTATED_CHANNEL } from "@tokenkeeper/shared/contract";
import { eventually } from "./support/eventually.ts";
import { newAccount, putRecord } from "./support/records.ts";
import { startTestRedis, type TestRedis } from "./support/redis.ts";
import { startWorld, type World } from "./support/world.ts";

type Tamper = (redis: Redis, key: string) => Promise<unknown>;

/** Puts something else in the record's place, with the same life; at once, since a worker that is still at it would write in between. */
const insteadOf =
  (write: (commands: ChainableCommander, key: string) => ChainableCommander): Tamper =>
  (redis, key) =>
    write(redis.multi().del(key), key).pexpire(key, 7_200_000).exec();
const field =
  (name: string, value: string): Tamper =>
  (redis, key) =>
    redis.hset(key, name, value);
const without =
  (name: string): Tamper =>
  (redis, key) =>
    redis.hdel(key, name);

/** What makes a record count as absent. */
const DAMAGE: [string, Tamper][] = [
  ["a text in its place", insteadOf((redis, key) => redis.set(key, "75_planted"))],
  ["a list in its place", insteadOf((redis, key) => redis.rpush(key, "75_planted"))],
  ["a set in its place", insteadOf((redis, key) => redis.sadd(key, "75_planted"))],
  ["a sorted set in its place", insteadOf((redis, key) => redis.zadd(key, 1, "75_planted"))],
  ["a stream in its place", insteadOf((redis, key) => redis.xadd(key, "*", "value", "75_planted"))],
  ["no value", without("value")],
  ["an empty value", field("value", "")],
  ["a value with a line break", field("value", "75_planted\r\nX-Header: 1")],
  ["a value of 1 MB", field("value", "x".repeat(1_000_000))],
  ["no end", without("expires_at")],
  ["an end that is a word", field("expires_at", "abc")],
  ["an end of 10^18", field("expires_at", "1000000000000000000")],
  ["a negative end", field("expires_at", "-1")],
  ["an end in seconds", field("expires_at", String(Math.floor(Date.now() / 1_000) + 7_200))],
  ["no beginning", without("issued_at")],
  ["a beginning after its end", field("issued_at", "9000000000000")],
  ["no version", without("version")],
  ["a version of 2^53", field("version", "9007199254740992")],
  ["a version in another notation", field("version", "1e3")],
  ["no schema", without("schema")],
  ["another schema", field("schema", "2")],
  ["a life without end", (redis, key) => redis.persist(key)],
  ["a second to live", (redis, key) => redis.pexpire(key, 100)],
];

/** What a reader may pass over, because the value is whole. */
const HARMLESS: [string, Tamper][] = [
  ["a lower version", field("version", "1")],
  ["an end far off", field("expires_at", "9000000000000000")],
  [
    "10,000 more fields",
    (redis, key) => redis.hset(key, Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`f${at}`, "x"]))),
  ],
];

describe("a record of which somebody has made", () => {
  let world: World;
  let key: string;
  beforeAll(async () => {
    world = await startWorld({ accounts: [{ name: "shop" }] });
    key = recordKey({ account: world.appId("shop"), kind: "access_token" });
    await world.startRuntime();
    await world.client({ waitMs: 30_000 }).getAccessToken("shop");
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const verdictOf = (token: string): string => world.simulator.control.tokenVerdict(world.appId("shop"), token);

  it.each(DAMAGE)("one with %s is never served, and healed by the worker", async (_what, tamper) => {
    await tamper(world.redis.redis, key);

    const token = await world.client({ waitMs: 30_000 }).getAccessToken("shop");

    expect(verdictOf(token)).toBe("accepted");
    expect(decodeRecord(await world.redis.redis.hmget(key, ...RECORD_FIELDS))).toMatchObject({ value: token });
    expect(await world.redis.redis.pttl(key)).toBeGreaterThan(0);
  });

  it.each(HARMLESS)("one with %s is served as it is, no longer than its key lives", async (_what, tamper) => {
    await tamper(world.redis.redis, key);

    expect(verdictOf(await world.client({ waitMs: 30_000 }).getAccessToken("shop"))).toBe("accepted");
  });

  it("one with a value that WeChat never issued is healed by the report of the first call", async () => {
    // What the tests before have triggered must not heal it first.
    await eventually(async () => expect(await world.refreshQueue.getJobCountByTypes("waiting", "active")).toBe(0), {
      what: "the worker to have nothing to do",
    });
    await world.redis.redis.hset(key, "value", "75_planted");
    const seen: string[] = [];

    const reply = await world.client({ waitMs: 30_000 }).withToken("shop", (token) => {
      seen.push(token);
      return world.businessCall(token);
    });

    expect(seen[0]).toBe("75_planted");
    expect(reply).toMatchObject({ openid: expect.any(String) });
  });
});

describe("an entry of the accounts that is tampered with", () => {
  let server: TestRedis;
  let mine: string;
  let other: string;
  beforeAll(async () => {
    server = await startTestRedis();
    [mine, other] = [newAccount(), newAccount()];
    await putRecord(server.redis, { account: mine, value: "75_mine" });
    await putRecord(server.redis, { account: other, value: "75_other" });
  });
  afterEach(() => server.redis.del(ACCOUNTS_KEY));
  afterAll(() => server.stop());

  const entry = (fields: object): string => JSON.stringify({ family: "official-account", kinds: [], ...fields });

  it.each<[string, () => string]>([
    ["the entry of another account", () => entry({ id: other, name: "other" })],
    ["an entry without a name", () => entry({ id: other })],
    ["an id that is no id", () => entry({ id: `${other}}:access_token x{`, name: "shop" })],
    ["an id that is empty", () => entry({ id: "", name: "shop" })],
    ["an id that is a list", () => entry({ id: [other], name: "shop" })],
    ["an id of 1 MB", () => entry({ id: "x".repeat(1_000_000), name: "shop" })],
    ["a text", () => "wx"],
    ["a list", () => JSON.stringify([other])],
    ["an inherited id", () => `{"__proto__":{"id":"${other}","name":"shop"}}`],
  ])("counts as unknown when it is %s", async (_what, write) => {
    await server.redis.hset(ACCOUNTS_KEY, "shop", write());
    const tokens = createTokenClient({ redis: server.url, waitMs: 50 });

    const error = await tokens.getAccessToken("shop").catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(TokenUnavailableError);
    expect(error).toMatchObject({ account: "shop", reason: "unknown_account" });
    await tokens.close();
  });

  it("leaves reads by id alone, also when the whole key is of another type", async () => {
    await server.redis.set(ACCOUNTS_KEY, "planted");
    const tokens = createTokenClient({ redis: server.url, waitMs: 50 });

    expect(await tokens.getAccessToken(mine)).toBe("75_mine");
    await expect(tokens.getAccessToken("shop")).rejects.toMatchObject({ reason: "unknown_account" });
    await tokens.close();
  });
});

describe("a hint that is forged", () => {
  it("only makes the reader look again, at the account it names", async () => {
    await using server = await startTestRedis();
    const account = newAccount();
    await putRecord(server.redis, { account, value: "75_kept" });
    const tokens = createTokenClient({ redis: server.url });
    const rotated: unknown[] = [];
    tokens.on("rotated", (event) => rotated.push(event));
    await tokens.getAccessToken(account);
    const forged = [
      { account, kind: "access_token", version: "9".repeat(400) },
      { account: `${account}:access_token x`, kind: "access_token", version: "1" },
      { account, kind: "__proto__", version: "1" },
      { account: { toString: "x" }, kind: "access_token" },
    ].map((hint) => JSON.stringify(hint));
    await eventually(async () => expect(await server.redis.publish(ROTATED_CHANNEL, "")).toBe(1), {
      what: "the subscriber",
    });

    for (const message of [...forged, "x".repeat(1_000_000), '{"account":', "\u0000", "null"]) {
      await server.redis.publish(ROTATED_CHANNEL, message);
      expect(await tokens.getAccessToken(account)).toBe("75_kept");
    }

    expect(rotated).toEqual([]);
    await tokens.close();
  });
});
