// What every token client does: the real one on a real Redis, and the one for apps' own tests.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTokenClient, jsApiSignature, type CredentialKind, type TokenClient } from "@tokenkeeper/shared";
import { fingerprint, recordKey } from "@tokenkeeper/shared/contract";
import { createFakeClock, createTestTokens } from "@tokenkeeper/shared/testing";
import { eventually } from "./support/eventually.ts";
import { nameAccount, newAccount, publishRotation, pushedClock, putRecord, toldAbout } from "./support/records.ts";
import { startTestRedis, type TestRedis } from "./support/redis.ts";

/** A client and what is around it, whichever kind it is. */
interface Stage {
  readonly tokens: TokenClient;
  /** Stores a value, without a hint. */
  put(value: string, options?: { kind?: CredentialKind; lifeMs?: number }): Promise<void>;
  hint(): Promise<void>;
  remove(): Promise<void>;
  /** Lets time pass for the client. */
  push(ms: number): void;
  takeRedisAway(): Promise<void>;
  told(): Promise<Record<string, string>[]>;
  close(): Promise<void>;
}

interface StageOptions {
  readonly account: string;
  readonly name: string;
  readonly waitMs?: number;
}

let server: TestRedis;
beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server.stop());

async function onRedis({ account, name, waitMs = 50 }: StageOptions): Promise<Stage> {
  const clock = pushedClock();
  const tokens = createTokenClient({ redis: server.url, clock, waitMs, redisDeadlineMs: 1_000 });
  await nameAccount(server.redis, name, account);
  return {
    tokens,
    put: (value, options = {}) => putRecord(server.redis, { account, value, ...options }),
    hint: () => publishRotation(server.redis, account),
    async remove() {
      await server.redis.del(recordKey({ account, kind: "access_token" }));
    },
    push: (ms) => clock.push(ms),
    takeRedisAway: () => server.down(),
    told: () => toldAbout(server.redis, account),
    async close() {
      await tokens.close();
      await server.restart();
    },
  };
}

async function inMemory({ account, name, waitMs = 0 }: StageOptions): Promise<Stage> {
  const fake = createTestTokens({ accounts: { [name]: account }, waitMs });
  let last: string | undefined;
  return {
    tokens: fake.tokens,
    async put(value, options = {}) {
      last = fake.set(name, { value, ...options });
    },
    async hint() {
      fake.rotate(name, last === undefined ? {} : { value: last });
    },
    async remove() {
      fake.remove(name);
    },
    push: (ms) => fake.clock.advance(ms),
    async takeRedisAway() {
      fake.setAvailable(false);
    },
    told: async () => fake.reports.map((report) => ({ ...report })),
    close: () => fake.tokens.close(),
  };
}

describe.each([
  ["on Redis", onRedis],
  ["for tests", inMemory],
])("a token client %s", (_kind, open) => {
  let account: string;
  let stage: Stage;
  const missing = { name: "TokenUnavailableError", reason: "missing" };

  beforeEach(async () => {
    account = newAccount();
    stage = await open({ account, name: `shop ${account}` });
  });
  afterEach(() => stage.close());

  it("reads by id and by name, tokens and tickets", async () => {
    await stage.put("75_token");
    await stage.put("ticket", { kind: "jsapi_ticket" });

    expect(await stage.tokens.getAccessToken(account)).toBe("75_token");
    expect(await stage.tokens.getAccessToken(`shop ${account}`)).toBe("75_token");
    expect(await stage.tokens.getTicket(account, "jsapi")).toBe("ticket");
  });

  it("signs with the ticket", async () => {
    await stage.put("ticket", { kind: "jsapi_ticket" });
    const url = "https://shop.example/";

    const { appId, signature, ...signed } = await stage.tokens.signJsApi(`shop ${account}`, url);

    expect(appId).toBe(account);
    expect(signature).toBe(jsApiSignature({ ...signed, url, ticket: "ticket" }));
  });

  it("does not know an account that nobody keeps", async () => {
    await expect(stage.tokens.getAccessToken("nobody's")).rejects.toMatchObject({
      name: "TokenUnavailableError",
      reason: "unknown_account",
    });
  });

  it("demands what is missing, and says so", async () => {
    await expect(stage.tokens.getAccessToken(account)).rejects.toMatchObject({ ...missing, account });

    expect(await stage.told()).toEqual([{ account, kind: "access_token" }]);
  });

  it("remembers for 30 s, and drops its copy at a hint", async () => {
    await stage.put("75_first");
    await stage.tokens.getAccessToken(account);
    await stage.put("75_second");

    stage.push(29_000);
    expect(await stage.tokens.getAccessToken(account)).toBe("75_first");
    stage.push(1_000);
    expect(await stage.tokens.getAccessToken(account)).toBe("75_second");
    await stage.put("75_third");
    await eventually(
      async () => {
        await stage.hint();
        expect(await stage.tokens.getAccessToken(account)).toBe("75_third");
      },
      { what: "the hint" },
    );
  });

  it("keeps a value whose record is gone until 5 s before its end, and tells that it is stale", async () => {
    const stale: unknown[] = [];
    stage.tokens.on("stale", (event) => stale.push(event));
    await stage.put("75_kept", { lifeMs: 600_000 });
    await stage.tokens.getAccessToken(account);
    await stage.remove();

    stage.push(580_000);
    expect(await stage.tokens.getAccessToken(account)).toBe("75_kept");
    stage.push(15_000);
    await expect(stage.tokens.getAccessToken(account)).rejects.toMatchObject(missing);

    expect(stale).toEqual([{ account, kind: "access_token", cause: "missing" }]);
  });

  it("serves its copy while Redis is away, and has no other", async () => {
    const stale: unknown[] = [];
    stage.tokens.on("stale", (event) => stale.push(event));
    await stage.put("75_kept");
    await stage.tokens.getAccessToken(account);
    await stage.takeRedisAway();
    stage.push(60_000);

    expect(await stage.tokens.getAccessToken(account)).toBe("75_kept");
    await expect(stage.tokens.getTicket(account, "jsapi")).rejects.toMatchObject({ reason: "redis_unreachable" });
    expect(stale).toEqual([{ account, kind: "access_token", cause: "redis_unreachable" }]);
  });

  it("retries a refused call with the newer token, and tells of the rotation", async () => {
    const rotated: unknown[] = [];
    stage.tokens.on("rotated", (event) => rotated.push(event));
    await stage.put("75_old");
    await stage.tokens.getAccessToken(account);
    await stage.put("75_new");
    const seen: string[] = [];

    const result = await stage.tokens.withToken(account, (token) => {
      seen.push(token);
      return token === "75_new" ? "done" : { errcode: 40001 };
    });

    expect(result).toBe("done");
    expect(seen).toEqual(["75_old", "75_new"]);
    expect(rotated).toEqual([{ account, kind: "access_token", version: expect.stringMatching(/^\d+$/) }]);
  });

  it("reports a refused token for which there is no other, and passes the refusal through", async () => {
    await stage.put("75_old");
    const refusal = { errcode: 42001 };

    expect(await stage.tokens.withToken(account, () => refusal)).toBe(refusal);

    expect(await stage.told()).toEqual([{ account, kind: "access_token", fp: fingerprint("75_old") }]);
  });
});

describe("tokens for tests", () => {
  it("need no more than a value", async () => {
    const { tokens, set } = createTestTokens();
    const value = set("shop");

    expect(await tokens.getAccessToken("shop")).toBe(value);
    expect(
      (await tokens.signJsApi("shop", "https://shop.example/").catch((error: unknown) => error)) as Error,
    ).toMatchObject({ reason: "missing" });
  });

  it("give a new value at each rotation, and none after the end of its life", async () => {
    const { tokens, rotate, expire } = createTestTokens();
    const first = rotate("shop");
    expect(await tokens.getAccessToken("shop")).toBe(first);

    const second = rotate("shop");
    expect(second).not.toBe(first);
    expect(await tokens.getAccessToken("shop")).toBe(second);

    expire("shop");
    await expect(tokens.getAccessToken("shop")).rejects.toMatchObject({ reason: "missing" });
  });

  it("are served for 5 minutes after a rotation that could not be read, tickets to their end", async () => {
    const { tokens, rotate, clock, setAvailable } = createTestTokens();
    const [token, ticket] = [rotate("shop"), rotate("shop", { kind: "jsapi_ticket" })];
    await tokens.getAccessToken("shop");
    await tokens.getTicket("shop", "jsapi");
    setAvailable(false);
    const newer = rotate("shop");
    rotate("shop", { kind: "jsapi_ticket" });

    clock.advance(294_999);
    expect(await tokens.getAccessToken("shop")).toBe(token);
    clock.advance(1);
    await expect(tokens.getAccessToken("shop")).rejects.toMatchObject({ reason: "redis_unreachable" });
    expect(await tokens.getTicket("shop", "jsapi")).toBe(ticket);
    setAvailable(true);
    expect(await tokens.getAccessToken("shop")).toBe(newer);
  });

  it("take a token for a replaced one when the hint came while it was read", async () => {
    const { tokens, set, rotate, clock, setAvailable } = createTestTokens();
    set("shop");
    await tokens.getAccessToken("shop");
    const first = rotate("shop");
    const reading = tokens.getAccessToken("shop");
    rotate("shop");
    expect(await reading).toBe(first);
    setAvailable(false);

    clock.advance(295_000);

    await expect(tokens.getAccessToken("shop")).rejects.toMatchObject({ reason: "redis_unreachable" });
  });

  it("come back with Redis", async () => {
    const { tokens, set, setAvailable } = createTestTokens();
    const value = set("shop");
    setAvailable(false);
    await expect(tokens.getAccessToken("shop")).rejects.toMatchObject({ reason: "redis_unreachable" });

    setAvailable(true);

    expect(await tokens.getAccessToken("shop")).toBe(value);
  });

  it("end by the clock alone, and let it wake those who wait", async () => {
    const { tokens, set, rotate, clock, reports } = createTestTokens({ waitMs: 3_000 });
    set("shop", { lifeMs: 60_000 });
    clock.advance(60_000);
    const reading = tokens.getAccessToken("shop");
    await eventually(() => expect(reports).toHaveLength(1), { what: "the demand" });

    const value = rotate("shop");

    expect(await reading).toBe(value);
    const late = tokens.getTicket("shop", "jsapi");
    await eventually(() => expect(reports).toHaveLength(2), { what: "the demand" });
    clock.advance(3_000);
    await expect(late).rejects.toMatchObject({ reason: "missing" });
  });

  it("refuse an account that is no appid", () => {
    expect(() => createTestTokens({ accounts: { shop: "gh_1" } })).toThrow(/accounts\.shop: expected wx/);
  });
});

describe("a fake clock", () => {
  it("stands still, wakes sleepers in time, and lets a sleep be ended", async () => {
    const clock = createFakeClock(1_000);
    const over = new AbortController();
    const woken: string[] = [];
    const sleepers = [
      clock.sleep(100).then(() => woken.push("in time")),
      clock.sleep(200).then(() => woken.push("later")),
      clock.sleep(1e9, over.signal).then(() => woken.push("ended")),
    ];
    clock.advance(100);
    await sleepers[0];
    expect(woken).toEqual(["in time"]);
    over.abort();
    clock.advance(100);
    await Promise.all(sleepers);

    expect(woken.toSorted()).toEqual(["ended", "in time", "later"]);
    expect([clock.now(), clock.monotonic()]).toEqual([1_200, 200]);
  });
});
