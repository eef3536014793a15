import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTokenClient, type TokenClient, type TokenClientOptions } from "@tokenkeeper/shared";
import { fingerprint } from "@tokenkeeper/shared/contract";
import { eventually } from "./support/eventually.ts";
import { nameAccount, newAccount, publishRotation, putRecord, toldAbout } from "./support/records.ts";
import { startTestRedis, type TestRedis } from "./support/redis.ts";

interface Body {
  readonly errcode: number;
  readonly errmsg?: string;
}

let server: TestRedis;
let account: string;
let clients: TokenClient[] = [];

beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  account = newAccount();
  await putRecord(server.redis, { account, value: "75_old" });
});
afterEach(async () => {
  for (const client of clients) await client.close();
  clients = [];
});

function newClient(options: TokenClientOptions = {}): TokenClient {
  const client = createTokenClient({ redis: server.url, waitMs: 20_000, ...options });
  clients.push(client);
  return client;
}

/** A business call that WeChat accepts with one token only, and the tokens it was made with. */
function callAccepting(accepted: string, errcode = 40001): { seen: string[]; call: (token: string) => Promise<Body> } {
  const seen: string[] = [];
  return {
    seen,
    async call(token) {
      seen.push(token);
      return token === accepted ? { errcode: 0 } : { errcode, errmsg: "invalid credential" };
    },
  };
}

const reports = (): Promise<Record<string, string>[]> => toldAbout(server.redis, account);
const REPORT_OF_OLD = { kind: "access_token", fp: fingerprint("75_old") };

describe("withToken", () => {
  it("makes an accepted call once", async () => {
    const { seen, call } = callAccepting("75_old");

    expect(await newClient().withToken(account, call)).toEqual({ errcode: 0 });

    expect(seen).toEqual(["75_old"]);
    expect(await reports()).toEqual([]);
  });

  it.each([40001, 40014, 42001])("retries at once after %i when a newer token is already there", async (errcode) => {
    const tokens = newClient();
    await tokens.getAccessToken(account);
    await putRecord(server.redis, { account, value: "75_new" });
    const { seen, call } = callAccepting("75_new", errcode);

    expect(await tokens.withToken(account, call)).toEqual({ errcode: 0 });

    expect(seen).toEqual(["75_old", "75_new"]);
    expect(await reports()).toEqual([]);
  });

  it("reports a refused token that is still the stored one, waits for a newer and retries", async () => {
    const { seen, call } = callAccepting("75_new");
    const calling = newClient().withToken(account, call);
    await eventually(async () => expect(await reports()).toEqual([{ account, ...REPORT_OF_OLD }]), {
      what: "a report",
    });

    await putRecord(server.redis, { account, value: "75_new" });
    await publishRotation(server.redis, account);

    expect(await calling).toEqual({ errcode: 0 });
    expect(seen).toEqual(["75_old", "75_new"]);
  });

  it("reports once for 100 calls that are refused at the same time", async () => {
    const tokens = newClient();
    const { seen, call } = callAccepting("75_new");
    const calling = Promise.all(Array.from({ length: 100 }, () => tokens.withToken(account, call)));
    await eventually(async () => expect(await reports()).not.toEqual([]), { what: "a report" });

    await putRecord(server.redis, { account, value: "75_new" });

    expect(new Set((await calling).map(({ errcode }) => errcode))).toEqual(new Set([0]));
    expect(seen).toHaveLength(200);
    expect(await reports()).toHaveLength(1);
  });

  it("gives the second refusal to the caller untouched", async () => {
    const tokens = newClient();
    await tokens.getAccessToken(account);
    await putRecord(server.redis, { account, value: "75_new" });
    const bodies = [{ errcode: 40001 }, { errcode: 42001, errmsg: "expired rid: 1" }];
    const given = [...bodies];

    const result = await tokens.withToken(account, async () => given.shift());

    expect(result).toBe(bodies[1]);
  });

  it("gives the first refusal to the caller untouched when no newer token comes in time", async () => {
    const body = { errcode: 40001, errmsg: "invalid credential" };

    expect(await newClient({ waitMs: 50 }).withToken(account, async () => body)).toBe(body);

    expect(await reports()).toEqual([{ account, ...REPORT_OF_OLD }]);
  });

  it.each<[string, (error: Error) => Promise<Body>]>([
    [
      "rejects",
      async (error) => {
        throw error;
      },
    ],
    [
      "throws",
      (error) => {
        throw error;
      },
    ],
  ])("retries a call that %s with an error that carries the errcode", async (_how, fail) => {
    const tokens = newClient();
    await tokens.getAccessToken(account);
    await putRecord(server.redis, { account, value: "75_new" });
    const refused = Object.assign(new Error("40001: invalid credential"), { errcode: 40001 });

    const result = await tokens.withToken(account, (token) =>
      token === "75_new" ? Promise.resolve({ errcode: 0 }) : fail(refused),
    );

    expect(result).toEqual({ errcode: 0 });
  });

  it("retries a download whose bytes are WeChat's error, and gives other bytes to the caller untouched", async () => {
    const tokens = newClient();
    await tokens.getAccessToken(account);
    await putRecord(server.redis, { account, value: "75_new" });
    const refusal = Buffer.from('{"errcode":40001,"errmsg":"invalid credential"}');
    const image = Buffer.alloc(100_000, 0x89);

    const result = await tokens.withToken(account, async (token) => (token === "75_new" ? image : refusal));

    expect(result).toBe(image);
  });

  it("rejects with the error of the first call when no newer token comes in time", async () => {
    const refused = Object.assign(new Error("invalid credential"), { errcode: 40014 });

    await expect(newClient({ waitMs: 50 }).withToken(account, () => Promise.reject(refused))).rejects.toBe(refused);
  });

  it("passes other errors and other bodies through untouched, after one call", async () => {
    const tokens = newClient();
    const other = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
    const limited = { errcode: 45009, errmsg: "reach max api daily quota limit" };
    let calls = 0;
    const counted = async <T>(result: T): Promise<T> => {
      calls += 1;
      return result;
    };

    await expect(tokens.withToken(account, () => counted(Promise.reject(other)))).rejects.toBe(other);
    expect(await tokens.withToken(account, () => counted(limited))).toBe(limited);
    expect(await tokens.withToken(account, () => counted("<html>"))).toBe("<html>");

    expect(calls).toBe(3);
    expect(await reports()).toEqual([]);
  });

  it("makes no call without a token", async () => {
    const { seen, call } = callAccepting("75_new");

    const calling = newClient({ waitMs: 50 }).withToken(newAccount(), call);

    await expect(calling).rejects.toMatchObject({ name: "TokenUnavailableError", reason: "missing" });
    expect(seen).toEqual([]);
  });
});

describe("withToken of a call that cannot be made twice", () => {
  it("reports the refused token and gives the refusal to the caller", async () => {
    const { seen, call } = callAccepting("75_new");

    expect(await newClient().withToken(account, call, { retry: false })).toMatchObject({ errcode: 40001 });

    expect(seen).toEqual(["75_old"]);
    expect(await reports()).toEqual([{ account, ...REPORT_OF_OLD }]);
  });

  it("reports nothing when another token is stored by now, and uses that one next", async () => {
    const tokens = newClient();
    await tokens.getAccessToken(account);
    await putRecord(server.redis, { account, value: "75_new" });
    const { seen, call } = callAccepting("75_new");

    await tokens.withToken(account, call, { retry: false });
    await tokens.withToken(account, call, { retry: false });

    expect(seen).toEqual(["75_old", "75_new"]);
    expect(await reports()).toEqual([]);
  });
});

describe("report", () => {
  it("tells the worker the fingerprint, by name as well, and nothing of the token itself", async () => {
    await nameAccount(server.redis, "reporting", account);

    await newClient().report("reporting", "75_old");

    expect(await reports()).toEqual([{ account, ...REPORT_OF_OLD }]);
    expect(JSON.stringify(await reports())).not.toContain("75_old");
  });

  it("carries the app's name where it has one, and a demand carries none", async () => {
    const tokens = newClient({ app: "网店 shop-web.v2", waitMs: 0 });
    await tokens.report(account, "75_old");
    await tokens.getTicket(account, "jsapi").catch(() => undefined);

    expect(await reports()).toEqual([
      { account, ...REPORT_OF_OLD, app: "网店 shop-web.v2" },
      { account, kind: "jsapi_ticket" },
    ]);
  });

  it.each(["", " shop", "-", "a\nb", "<b>", "x".repeat(65)])("takes no app named %j", (app) => {
    expect(() => newClient({ app })).toThrow("`app`: expected a name of up to 64 letters, digits, spaces and . _ -");
  });

  it("makes the next read ask Redis, unless memory holds another token", async () => {
    const tokens = newClient();
    await tokens.getAccessToken(account);
    await putRecord(server.redis, { account, value: "75_new" });

    await tokens.report(account, "75_older");
    expect(await tokens.getAccessToken(account)).toBe("75_old");
    await tokens.report(account, "75_old");
    expect(await tokens.getAccessToken(account)).toBe("75_new");
  });

  it("does not fail the app when Redis does not take it, and does so for an account that nobody keeps", async () => {
    await expect(newClient().report("nobody's", "75_old")).rejects.toMatchObject({ reason: "unknown_account" });
    const app = new Redis("redis://127.0.0.1:1", { lazyConnect: true, enableOfflineQueue: false });
    app.on("error", () => undefined);

    await expect(newClient({ redis: app }).report(account, "75_old")).resolves.toBeUndefined();
    app.disconnect();
  });
});
