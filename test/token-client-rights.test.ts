import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLog } from "@tokenkeeper/core";
import { createDashboard } from "@tokenkeeper/dashboard";
import { createTokenClient, type TokenClient } from "@tokenkeeper/shared";
import { fingerprint, pauseKey, QUEUE_PREFIX, recordKey, WORKERS_KEY } from "@tokenkeeper/shared/contract";
import { eventually } from "./support/eventually.ts";
import { blockOf, readDocument } from "./support/markdown.ts";
import { nameAccount, newAccount, publishRotation, pushedClock, putRecord, toldAbout } from "./support/records.ts";
import { startTestRedis, type TestRedis } from "./support/redis.ts";

const PASSWORD = "only-for-this-test";

describe("the rights of the contract", () => {
  let server: TestRedis;
  let readerLine: string[];

  beforeAll(async () => {
    server = await startTestRedis();
    const contract = await readDocument("docs/key-contract.md");
    const lineOf = (user: string): string[] => blockOf(contract, `acl ${user}`).split(" ");
    readerLine = lineOf("reader");
    const users = {
      reader: lineOf("reader"),
      reporter: [...lineOf("reader"), ...lineOf("reporter")],
      worker: lineOf("worker"),
      dashboard: lineOf("dashboard"),
    };
    for (const [user, rules] of Object.entries(users)) {
      await server.redis.call("ACL", "SETUSER", user, "reset", "on", `>${PASSWORD}`, ...rules);
    }
  });
  afterAll(() => server.stop());

  function urlOf(user: string): string {
    const url = new URL(server.url);
    url.username = user;
    url.password = PASSWORD;
    return url.href;
  }
  const clientOf = (user: string): TokenClient => createTokenClient({ redis: urlOf(user), waitMs: 20_000 });
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

  it("of a reader suffice for both card signatures, for the app's own connection, and for a retry without a report", async () => {
    await server.redis.call("ACL", "LOG", "RESET");
    const account = newAccount();
    await nameAccount(server.redis, "cards", account);
    await putRecord(server.redis, { account, value: "75_refused" });
    await putRecord(server.redis, { account, kind: "wx_card_ticket", value: "card" });
    const app = new Redis(urlOf("reader"), { enableReadyCheck: false, disableClientInfo: true });
    const tokens = createTokenClient({ redis: app, waitMs: 20_000 });
    expect((await tokens.signCard("cards", { cardId: "pCard" })).cardId).toBe("pCard");
    expect((await tokens.signCardChoice("cards")).signType).toBe("SHA1");
    expect(await denials()).toEqual([]);

    const calling = tokens.withToken("cards", (token) => (token === "75_next" ? "done" : { errcode: 40001 }));
    await eventually(async () => expect(await denials()).toEqual(["xadd"]), { what: "the refused report" });
    await putRecord(server.redis, { account, value: "75_next" });

    expect(await calling).toBe("done");
    await tokens.report(account, "75_refused");
    expect(await toldAbout(server.redis, account)).toEqual([]);
    await tokens.close();
    app.disconnect();
  });

  it("of an app that may report let it report, with nothing tried beyond them", async () => {
    await server.redis.call("ACL", "LOG", "RESET");
    const account = newAccount();
    await putRecord(server.redis, { account, value: "75_refused" });
    const tokens = clientOf("reporter");

    await tokens.report(account, "75_refused");

    expect(await toldAbout(server.redis, account)).toEqual([
      { account, kind: "access_token", fp: fingerprint("75_refused") },
    ]);
    expect(await denials()).toEqual([]);
    await tokens.close();
  });

  it("of a reader without the channel cost it the hints only", async () => {
    const account = newAccount();
    const clock = pushedClock();
    await server.redis.call("ACL", "SETUSER", "deaf", "reset", "on", `>${PASSWORD}`, ...readerLine, "resetchannels");
    await putRecord(server.redis, { account, value: "75_before" });
    const tokens = createTokenClient({ redis: urlOf("deaf"), clock });
    expect(await tokens.getAccessToken(account)).toBe("75_before");

    await putRecord(server.redis, { account, value: "75_after" });
    await publishRotation(server.redis, account);
    clock.push(30_000);

    expect(await tokens.getAccessToken(account)).toBe("75_after");
    await tokens.close();
  });

  it("are in the contract as in the design: a reader may read records and names, and hear hints", () => {
    expect(readerLine.filter((rule) => /^[%~&]/.test(rule))).toEqual(["%R~wx:tok:*", "%R~wx:accounts", "&wx:rotated"]);
    const commands = "hget hmget hgetall pttl time ping subscribe unsubscribe hello client|setname quit".split(" ");
    expect(readerLine.filter((rule) => /^[+-]/.test(rule)).toSorted()).toEqual(
      ["-@all", ...commands.map((command) => `+${command}`)].toSorted(),
    );
  });

  it("of another kind of user make a token unreachable, not missing", async () => {
    await server.redis.call("ACL", "SETUSER", "nobody", "reset", "on", `>${PASSWORD}`, "-@all", "+ping", "+hello");
    const tokens = clientOf("nobody");

    await expect(tokens.getAccessToken(newAccount())).rejects.toMatchObject({ reason: "redis_unreachable" });
    await tokens.close();
  });

  it.each([
    ["reader", ["set x 1", "get x", "keys *", "hset wx:tok:{x}:access_token value x", "xadd wx:reports * a b"]],
    ["reader", ["hgetall wx:ctl:{x}:access_token", "publish wx:rotated x", "config get *", "flushall"]],
    ["reporter", ["xread STREAMS wx:reports 0", "del wx:reports", "hset wx:accounts x y"]],
    ["worker", ["set x 1", "get x", "keys *", "config get *", "flushall", "script flush", "acl list"]],
    ["dashboard", ["hget wx:tok:{x}:access_token value", "hset wx:ctl:{x}:access_token a b", "hset wx:accounts x y"]],
    [
      "dashboard",
      ["hgetall wx:tok:{x}:access_token", "del wx:tok:{x}:access_token", "persist wx:tok:{x}:access_token"],
    ],
    ["dashboard", ["xread STREAMS wx:reports 0", "config get *", "flushall", "keys *", "script flush"]],
  ])("of a %s refuse %j", async (user, commands) => {
    const connection = new Redis(urlOf(user), { enableReadyCheck: false, disableClientInfo: true });
    for (const command of commands) {
      const [name = "", ...args] = command.split(" ");
      await expect(connection.call(name, ...args)).rejects.toThrow(/^NOPERM/);
    }
    connection.disconnect();
  });

  it("of a dashboard suffice for signing in and out, for retrying, and for the audit trail", async () => {
    const credentials = { user: "keeper", password: "correct horse battery" };
    const dashboard = await createDashboard({
      redisUrl: urlOf("dashboard"),
      host: "127.0.0.1",
      port: 0,
      credentials,
      publicUrl: undefined,
      log: createLog({ name: "dashboard", level: "silent", pretty: false }),
    });
    const send = (method: string, path: string, more: RequestInit = {}): Promise<Response> => {
      const headers = { "Sec-Fetch-Site": "same-origin", ...(more.headers as Record<string, string>) };
      return fetch(`${dashboard.url}${path}`, { ...more, method, redirect: "manual", headers });
    };
    await server.redis.call("ACL", "LOG", "RESET");

    const signedIn = await send("POST", "/login", {
      body: new URLSearchParams({ username: credentials.user, password: credentials.password }),
    });
    const headers = { Cookie: signedIn.headers.get("set-cookie")?.split(";")[0] ?? "" };
    const retried = await send("PUT", "/queues/api/queues/refresh/retry/failed", { headers });
    const audit = await send("GET", "/api/audit", { headers });
    const left = await send("POST", "/logout/everywhere", { headers });

    expect([signedIn.status, retried.status, audit.status, left.status]).toEqual([303, 200, 200, 303]);
    expect(await audit.json()).toMatchObject({ entries: [{ action: "retry_failed" }, { action: "sign_in" }] });
    expect(await denials()).toEqual([]);
    await dashboard.close();
  });

  it("of a dashboard let it ask how long a value lives, and pause", async () => {
    const account = newAccount();
    await putRecord(server.redis, { account, value: "75_seen" });
    const connection = new Redis(urlOf("dashboard"), { enableReadyCheck: false, disableClientInfo: true });

    expect(await connection.pttl(recordKey({ account, kind: "access_token" }))).toBeGreaterThan(0);
    expect(await connection.set(pauseKey(account), "{}")).toBe("OK");
    expect(await connection.smembers(WORKERS_KEY)).toEqual([]);
    connection.disconnect();
  });

  it.each(["worker", "dashboard"])("of a %s suffice for BullMQ's queues", async (user) => {
    await server.redis.call("ACL", "LOG", "RESET");
    const connection = new Redis(urlOf(user), { maxRetriesPerRequest: null });
    const queue = new Queue(`refresh-of-${user}`, { connection, prefix: QUEUE_PREFIX });
    const failed = Promise.withResolvers<string | undefined>();
    const worker = new Worker(queue.name, () => Promise.reject(new Error("refused")), {
      connection: connection.duplicate(),
      prefix: QUEUE_PREFIX,
    });
    worker.on("failed", (job) => failed.resolve(job?.id));
    await queue.upsertJobScheduler("tick", { every: 3_600_000 }, { name: "tick" });
    await queue.add("one", { account: "x" }, { deduplication: { id: "one" } });
    const job = await queue.getJob((await failed.promise) ?? "");
    await worker.close();

    await job?.retry();

    expect(await job?.getState()).toBe("waiting");
    expect(await denials()).toEqual([]);
    await queue.close();
    connection.disconnect();
  });
});
