import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createTokenClient, type TokenClient, type TokenMetrics } from "@tokenkeeper/shared";
import { createTestTokens } from "@tokenkeeper/shared/testing";
import { eventually } from "./support/eventually.ts";
import { newAccount, pushedClock, putRecord } from "./support/records.ts";
import { startTestRedis, type TestRedis } from "./support/redis.ts";

const ACCOUNT = "wx0000000000000001";
const CREDENTIAL = { account: ACCOUNT, kind: "access_token" };

interface Told {
  readonly hooks: Required<TokenMetrics>;
  readonly calls: [hook: string, metric: object][];
}

function recorded(): Told {
  const calls: Told["calls"] = [];
  const hook =
    (name: string) =>
    (metric: object): void =>
      void calls.push([name, metric]);
  return {
    calls,
    hooks: { read: hook("read"), rotation: hook("rotation"), refusal: hook("refusal"), surfaced: hook("surfaced") },
  };
}

describe("metrics hooks", () => {
  it("tell where each read's value came from", async () => {
    const { hooks, calls } = recorded();
    const fake = createTestTokens({ accounts: { shop: ACCOUNT }, metrics: hooks, waitMs: 1_000 });
    fake.set("shop");

    await fake.tokens.getAccessToken("shop");
    await fake.tokens.getAccessToken("shop");
    fake.clock.advance(60_000);
    fake.setAvailable(false);
    await fake.tokens.getAccessToken("shop");
    fake.setAvailable(true);
    fake.expire("shop");
    const waiting = fake.tokens.getAccessToken("shop");
    await eventually(() => expect(fake.reports).toHaveLength(1), { what: "the demand" });
    fake.rotate("shop");
    await waiting;

    const reads = calls.filter(([hook]) => hook === "read").map(([, metric]) => metric);
    expect(reads).toEqual(
      ["redis", "memory", "stale", "awaited"].map((source) => ({ ...CREDENTIAL, source, result: "ok" })),
    );
  });

  it("tell why a read got none, and where it was looked for", async () => {
    const { hooks, calls } = recorded();
    const fake = createTestTokens({ accounts: { shop: ACCOUNT }, metrics: hooks });

    await fake.tokens.getTicket("shop", "jsapi").catch(() => undefined);
    await fake.tokens.getTicket("other", "jsapi").catch(() => undefined);
    fake.setAvailable(false);
    await fake.tokens.signJsApi("shop", "https://shop.example/").catch(() => undefined);

    const kind = "jsapi_ticket";
    expect(calls).toEqual([
      ["read", { account: ACCOUNT, kind, source: "awaited", result: "missing" }],
      ["read", { account: "other", kind, source: "redis", result: "unknown_account" }],
      ["read", { account: ACCOUNT, kind, source: "redis", result: "redis_unreachable" }],
    ]);
  });

  it("count refused calls, and those that the app got to see", async () => {
    const { hooks, calls } = recorded();
    const fake = createTestTokens({ accounts: { shop: ACCOUNT }, metrics: hooks });
    const old = fake.set("shop");
    await fake.tokens.getAccessToken("shop");
    fake.set("shop");
    calls.length = 0;

    await fake.tokens.withToken("shop", (token) => (token === old ? { errcode: 40001 } : "done"));
    await fake.tokens.withToken("shop", () => ({ errcode: 42001 }));

    const [first, second] = [
      { ...CREDENTIAL, errcode: 40001 },
      { ...CREDENTIAL, errcode: 42001 },
    ];
    expect(calls.filter(([hook]) => hook === "refusal" || hook === "surfaced")).toEqual([
      ["refusal", first],
      ["refusal", second],
      ["surfaced", second],
    ]);
  });

  it("are given no token and no ticket", async () => {
    const { hooks, calls } = recorded();
    const fake = createTestTokens({ accounts: { shop: ACCOUNT }, metrics: hooks });
    const value = fake.set("shop", { value: "75_secret_value" });
    await fake.tokens.withToken("shop", () => ({ errcode: 40001 }));
    fake.rotate("shop", { value: "75_secret_value_2" });
    await fake.tokens.getAccessToken("shop");

    expect(new Set(calls.map(([hook]) => hook))).toEqual(new Set(["read", "rotation", "refusal", "surfaced"]));
    expect(JSON.stringify(calls)).not.toContain(value);
  });

  it("that throw break nothing, and become one warning without their message", async () => {
    const broken = (): never => {
      throw new Error("75_secret in a message");
    };
    const metrics = { read: broken, rotation: broken, refusal: broken, surfaced: broken };
    const fake = createTestTokens({ metrics });
    const value = fake.set("shop");
    const warnings: string[] = [];
    const listen = ({ message }: Error): void => void warnings.push(message);
    process.on("warning", listen);

    expect(await fake.tokens.getAccessToken("shop")).toBe(value);
    const refusal = { errcode: 40001 };
    expect(await fake.tokens.withToken("shop", () => refusal)).toBe(refusal);
    fake.rotate("shop");
    expect(await fake.tokens.getAccessToken("shop")).not.toBe(value);

    await eventually(() => expect(warnings).toHaveLength(4), { what: "the warnings" });
    process.off("warning", listen);
    expect(warnings).toEqual(
      ["read", "refusal", "surfaced", "rotation"].map(
        (name) => `The metrics hook \`${name}\` threw an error; catch it there. Reading tokens went on.`,
      ),
    );
  });
});

describe("listeners", () => {
  it("hear of another value, not of the first and not of the same again", async () => {
    const fake = createTestTokens({ accounts: { shop: ACCOUNT } });
    const heard: unknown[] = [];
    fake.tokens.on("rotated", (event) => heard.push(event));

    const value = fake.set("shop");
    await fake.tokens.getAccessToken("shop");
    fake.rotate("shop", { value });
    await fake.tokens.getAccessToken("shop");
    expect(heard).toEqual([]);
    fake.rotate("shop");
    await fake.tokens.getAccessToken("shop");
    await fake.tokens.getAccessToken("shop");

    expect(heard).toEqual([{ ...CREDENTIAL, version: expect.any(String) }]);
  });

  it("are called until they are unsubscribed, each subscription for itself", async () => {
    const fake = createTestTokens();
    let calls = 0;
    const listener = (): void => void (calls += 1);
    const [unsubscribe] = [fake.tokens.on("rotated", listener), fake.tokens.on("rotated", listener)];
    const rotate = async (): Promise<void> => {
      fake.rotate("shop");
      await fake.tokens.getAccessToken("shop");
    };
    await rotate();

    await rotate();
    expect(calls).toBe(2);
    unsubscribe();
    unsubscribe();
    await rotate();

    expect(calls).toBe(3);
  });

  it.each<[string, () => unknown]>([
    [
      "throw",
      () => {
        throw new Error("75_secret in a message");
      },
    ],
    ["reject", () => Promise.reject(new Error("75_secret in a message"))],
  ])("that %s break no read and keep none from the others", async (_how, listener) => {
    const fake = createTestTokens();
    let heard = 0;
    fake.tokens.on("rotated", listener);
    fake.tokens.on("rotated", () => (heard += 1));
    fake.set("shop");
    await fake.tokens.getAccessToken("shop");
    const value = fake.rotate("shop");
    const warned = once(process, "warning");

    expect(await fake.tokens.getAccessToken("shop")).toBe(value);

    expect(heard).toBe(1);
    const [warning] = (await warned) as [Error];
    expect(warning.message).toBe('A listener of "rotated" threw an error; catch it there. Reading tokens went on.');
  });

  it("hear of stale values at most once a second", async () => {
    const fake = createTestTokens();
    let heard = 0;
    fake.tokens.on("stale", () => (heard += 1));
    fake.set("shop");
    await fake.tokens.getAccessToken("shop");
    fake.setAvailable(false);
    fake.clock.advance(60_000);

    for (let read = 0; read < 100; read += 1) await fake.tokens.getAccessToken("shop");
    expect(heard).toBe(1);
    fake.clock.advance(1_000);
    await fake.tokens.getAccessToken("shop");

    expect(heard).toBe(2);
  });
});

describe("the lag of a rotation", () => {
  let server: TestRedis;
  const clients: TokenClient[] = [];
  beforeAll(async () => {
    server = await startTestRedis();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
  });
  afterAll(() => server.stop());

  /** Reads a value, lets it be replaced, reads once more `idleMs` later by the client's clock. */
  async function lagAfter(lateReadMs: number | undefined): Promise<number> {
    const account = newAccount();
    const clock = pushedClock();
    const lags: number[] = [];
    const metrics = { rotation: ({ lagMs }: { lagMs: number }) => lags.push(lagMs) };
    const tokens = createTokenClient({ redis: server.url, clock, metrics });
    clients.push(tokens);
    await putRecord(server.redis, { account, value: "75_old" });
    await tokens.getAccessToken(account);
    // 20 s ago for Redis: the client's clock is pushed by as much below.
    await putRecord(server.redis, { account, value: "75_new", issuedAgoMs: 20_000 });
    if (lateReadMs !== undefined) {
      clock.push(lateReadMs);
      await tokens.getAccessToken(account);
      clock.push(30_000 - lateReadMs);
    } else {
      clock.push(30_000);
    }
    expect(await tokens.getAccessToken(account)).toBe("75_new");
    return lags[0] ?? Number.NaN;
  }

  it("is how long the old value was still served", async () => {
    // The value is 20 s old when it is learnt; the old one was served last 5 s before that.
    expect(Math.abs((await lagAfter(25_000)) - 15_000)).toBeLessThan(2_000);
  });

  it("is nothing when the old value was not served any more", async () => {
    expect(await lagAfter(undefined)).toBe(0);
  });
});
