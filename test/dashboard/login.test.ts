import { createHash } from "node:crypto";
import { sessionKey } from "@tokenkeeper/shared/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { cookieOf, CREDENTIALS, form, startDashboard, type Answer, type Running } from "./running.ts";

const WRONG = { user: CREDENTIALS.user, password: "correct horse batterx" };

describe("login", () => {
  let board: Running;

  beforeAll(async () => {
    board = await startDashboard();
  });
  afterAll(async () => {
    await board[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await board.server.redis.flushall();
  });

  const queues = (cookie: string): Promise<Answer> =>
    board.send({ path: "/queues/api/queues", headers: { Cookie: cookie } });

  it("lets the right user in, with a cookie that scripts and other sites do not get", async () => {
    const answer = await board.signIn();

    expect(answer).toMatchObject({ status: 303, headers: { location: "/" } });
    expect(answer.headers["set-cookie"]).toEqual([
      expect.stringMatching(/^sid=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict$/),
    ]);
    expect((await queues(cookieOf(answer))).status).toBe(200);
  });

  it("binds the cookie to https when people come over https", async () => {
    await using behindProxy = await startDashboard({ publicUrl: "https://board.example.com" });

    const answer = await behindProxy.signIn();

    expect(answer.headers["set-cookie"]).toEqual([
      expect.stringMatching(/^__Host-sid=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/),
    ]);
    expect(answer.headers["strict-transport-security"]).toMatch(/^max-age=/);
    const path = "/queues/api/queues";
    expect((await behindProxy.send({ path, headers: { Cookie: cookieOf(answer) } })).status).toBe(200);
    const renamed = cookieOf(answer).replace("__Host-", "");
    expect((await behindProxy.send({ path, headers: { Cookie: renamed } })).status).toBe(401);
  });

  it.each([
    ["a wrong password", WRONG],
    ["an unknown user", { user: "somebody", password: CREDENTIALS.password }],
    ["both swapped", { user: CREDENTIALS.password, password: CREDENTIALS.user }],
    ["a look-alike", { user: "kеeper", password: CREDENTIALS.password }],
    ["a password with a NUL", { user: CREDENTIALS.user, password: `${CREDENTIALS.password}\0` }],
  ])("refuses %s with the same page", async (_what, credentials) => {
    const reference = await board.signIn(WRONG);

    const answer = await board.signIn(credentials);

    expect(answer.status).toBe(401);
    expect(answer.headers["set-cookie"]).toBeUndefined();
    expect(answer.body).toBe(reference.body);
    expect(answer.body).toContain("User name or password is wrong.");
  });

  it.each([
    { what: "an empty form", body: "", status: 400 },
    { what: "an empty password", body: "username=keeper&password=", status: 400 },
    { what: "an operator instead of a text", body: "username[$gt]=&password[$gt]=", status: 400 },
    { what: "two passwords", body: "username=keeper&password=a&password=b", status: 400 },
    { what: "JSON", type: "application/json", body: '{"username":"keeper","password":{"$gt":""}}', status: 400 },
    { what: "plain text", type: "text/plain", body: "username=keeper&password=x", status: 400 },
    { what: "1 MB", body: `username=keeper&password=${"x".repeat(1_000_000)}`, status: 413 },
  ])("refuses $what", async ({ type = "application/x-www-form-urlencoded", body, status }) => {
    const answer = await board.sendOwn({ method: "POST", path: "/login", headers: { "Content-Type": type }, body });

    expect(answer.status).toBe(status);
    expect(answer.headers["set-cookie"]).toBeUndefined();
  });

  it("gives every sign-in a new id, ends the former session, and takes no id from outside", async () => {
    const planted = `sid=${"A".repeat(43)}`;
    const again = (cookie: string): Promise<Answer> => {
      const { body, headers } = form({ username: CREDENTIALS.user, password: CREDENTIALS.password });
      return board.sendOwn({ method: "POST", path: "/login", body, headers: { ...headers, Cookie: cookie } });
    };

    const first = cookieOf(await again(planted));
    const second = cookieOf(await again(first));

    expect(new Set([planted, first, second]).size).toBe(3);
    expect((await queues(planted)).status).toBe(401);
    expect((await queues(first)).status).toBe(401);
    expect((await queues(second)).status).toBe(200);
  });

  it("ends the session on the server at logout", async () => {
    const cookie = await board.session();
    const page = await board.send({ path: "/logout", headers: { Cookie: cookie } });
    expect(page.body).toContain("You are signed in as keeper (admin).");

    const answer = await board.sendOwn({ method: "POST", path: "/logout", headers: { Cookie: cookie } });

    expect(answer).toMatchObject({ status: 303, headers: { location: "/login" } });
    expect((await queues(cookie)).status).toBe(401);
    expect(await board.server.redis.keys(sessionKey("*"))).toEqual([]);
  });

  it("keeps neither the id nor its plain hash in Redis", async () => {
    const id = (await board.session()).replace("sid=", "");
    const { redis } = board.server;

    const keys = await redis.keys("*");
    const stored = await Promise.all(keys.map((key) => redis.dump(key)));

    expect(keys.filter((key) => key.startsWith(sessionKey("")))).toHaveLength(1);
    const plainHash = createHash("sha256").update(id).digest("hex");
    for (const text of [id, plainHash, CREDENTIALS.password])
      expect([...keys, ...stored].join("\n")).not.toContain(text);
  });

  it.each([
    ["too short", "sid=abc"],
    ["with a NUL", `sid=${"A".repeat(42)}%00`],
    ["a key pattern", `sid=${"*".repeat(43)}`],
    ["another name", `__Host-sid=${"A".repeat(43)}`],
  ])("does not take an id that is %s", async (_what, cookie) => {
    expect((await queues(cookie)).status).toBe(401);
  });

  it("locks an address and user out after 5 failures, whatever the forwarded address says", async () => {
    for (let failure = 0; failure < 5; failure += 1) expect((await board.signIn(WRONG)).status).toBe(401);

    const locked = await board.sendOwn({
      method: "POST",
      path: "/login",
      body: form({ username: CREDENTIALS.user, password: CREDENTIALS.password }).body,
      headers: { "Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": "198.51.100.9" },
    });

    expect(locked.status).toBe(429);
    expect(Number(locked.headers["retry-after"])).toBeGreaterThan(890);
    expect(Number(locked.headers["retry-after"])).toBeLessThanOrEqual(900);
    expect(locked.body).toContain("Too many attempts. Try again in 15 min.");
    expect((await board.signIn({ user: "another", password: "another one" })).status).toBe(401);
  });

  it("locks an address out after 30 failures with any names", { timeout: 180_000 }, async () => {
    for (let failure = 0; failure < 30; failure += 1) {
      expect((await board.signIn({ user: `user-${failure}`, password: "guess" })).status).toBe(401);
    }

    expect((await board.signIn()).status).toBe(429);
  });

  it("does not count what was right", { timeout: 180_000 }, async () => {
    for (let time = 0; time < 2; time += 1) {
      for (let failure = 0; failure < 4; failure += 1) expect((await board.signIn(WRONG)).status).toBe(401);
      expect((await board.signIn()).status).toBe(303);
    }
    for (let time = 0; time < 24; time += 1) expect((await board.signIn()).status).toBe(303);
  });
});

describe("login while Redis is down", () => {
  it("says so, counts failures all the same, and ends no session", async () => {
    await using board = await startDashboard();
    const cookie = await board.session();
    await board.server.down();

    expect((await board.signIn()).status).toBe(503);
    expect((await board.send({ path: "/queues", headers: { Cookie: cookie } })).status).toBe(503);
    for (let failure = 0; failure < 4; failure += 1) expect((await board.signIn(WRONG)).status).toBe(401);
    expect((await board.signIn(WRONG)).status).toBe(429);

    await board.server.restart();
    await expect
      .poll(async () => (await board.send({ path: "/queues", headers: { Cookie: cookie } })).status, {
        timeout: 10_000,
      })
      .toBe(200);
  });
});
