// A trusted proxy names the user; nobody else can.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { PASSWORD, startDashboard, USERS, type Answer, type Running } from "./running.ts";

const HEADER = "X-Forwarded-User";
const RETRY_ALL = { method: "PUT", path: "/queues/api/queues/refresh/retry/failed" };

describe("single sign-on", () => {
  let board: Running;

  beforeAll(async () => {
    // The tests come from 127.0.0.1: here they are the proxy.
    board = await startDashboard({ trustedHeader: HEADER, trustedProxies: "127.0.0.0/8" });
    await board.writeUsers([...USERS, { name: "张三", role: "operator" }]);
    const isKnown = async (): Promise<void> => {
      if ((await as("张三")).status !== 200) throw new Error("not known yet");
    };
    await eventually(isKnown, { what: "the user without a password" });
  });
  afterAll(() => board[Symbol.asyncDispose]());
  beforeEach(() => board.server.redis.flushall());

  const as = (name: string, ask: { method?: string; path: string } = { path: "/queues/api/queues" }): Promise<Answer> =>
    board.sendOwn({ ...ask, headers: { [HEADER]: Buffer.from(name, "utf8").toString("latin1") } });

  it("gives the user of the file that the proxy names, with the role of the file, and audits under that name", async () => {
    expect((await as("viewer")).status).toBe(200);
    expect((await as("viewer", RETRY_ALL)).status).toBe(403);
    expect((await as("张三", RETRY_ALL)).status).toBe(200);

    await eventually(
      async () => {
        const entries = await board.audited();
        expect(entries.map(({ user, action, result }) => [user, action, result])).toEqual([
          ["张三", "retry_failed", "done"],
          ["viewer", "denied", "refused"],
        ]);
      },
      { what: "both entries" },
    );
  });

  it("says on the page for signing out where to sign out", async () => {
    const { body } = await as("admin", { path: "/logout" });

    expect(body).toContain("You are signed in as admin (admin).");
    expect(body).toContain("You came by single sign-on: sign out there.");
    expect(body).not.toContain("<form");
  });

  it.each(["keeper", "nobody", "ADMIN", "viewer, admin", "", " ", "__proto__", "vi\u0435wer"])(
    "refuses the name %j, which is not in the file",
    async (name) => {
      for (const path of ["/queues", "/queues/api/queues", "/audit"]) {
        const answer = await as(name, { path });
        expect(answer).toMatchObject({ status: 403, body: expect.stringContaining("not in the file of users") });
      }
    },
  );

  it("does not make the header's user of a request that comes from another site", async () => {
    const answer = await board.send({ ...RETRY_ALL, headers: { [HEADER]: "admin", "Sec-Fetch-Site": "cross-site" } });

    expect(answer.status).toBe(403);
    expect(answer.body).toContain("did not come from this dashboard's own page");
  });

  it("leaves the password for who comes without the header, but not to who has none", async () => {
    const cookie = await board.session("viewer");

    expect((await board.send({ path: "/queues/api/queues", headers: { Cookie: cookie } })).status).toBe(200);
    expect((await board.send({ path: "/queues/api/queues" })).status).toBe(401);
    expect((await board.signIn({ user: "张三", password: PASSWORD })).status).toBe(401);
  });

  it("takes the address of the audit trail from the proxy", async () => {
    const forwarded = { [HEADER]: "admin", "X-Forwarded-For": "203.0.113.9, 198.51.100.7" };
    await board.sendOwn({ ...RETRY_ALL, headers: forwarded });

    expect(await board.audited()).toMatchObject([{ address: "198.51.100.7" }]);
  });

  it("counts failures for the address that the proxy gives", async () => {
    const signInFrom = async (address: string): Promise<number> =>
      (
        await board.sendOwn({
          method: "POST",
          path: "/login",
          headers: { "X-Forwarded-For": address, "Content-Type": "application/x-www-form-urlencoded" },
          body: "username=viewer&password=wrong",
        })
      ).status;
    for (let failure = 0; failure < 5; failure += 1) expect(await signInFrom("203.0.113.9")).toBe(401);

    expect(await signInFrom("203.0.113.9")).toBe(429);
    expect(await signInFrom("203.0.113.10")).toBe(401);
  });

  it("is ignored from anywhere else, written down once, and what is typed or held in a session counts", async () => {
    await using other = await startDashboard({ trustedHeader: HEADER, trustedProxies: "192.0.2.1, 198.51.100.0/24" });
    const cookie = await other.session("viewer");
    const ask = (headers: Record<string, string>): Promise<Answer> =>
      other.sendOwn({
        path: "/queues/api/queues",
        headers: { [HEADER]: "admin", "X-Forwarded-For": "192.0.2.1", ...headers },
      });

    for (let time = 0; time < 3; time += 1) expect((await ask({})).status).toBe(401);
    expect((await ask({ Cookie: cookie })).status).toBe(200);
    const audit = await other.send({ path: "/audit", headers: { Cookie: cookie, [HEADER]: "admin" } });
    expect(audit.status).toBe(403);

    await eventually(
      async () => {
        const entries = await other.audited();
        expect(entries.map(({ user, action, target, address }) => [user, action, target, address])).toEqual([
          ["", "foreign_header", "x-forwarded-user", "127.0.0.1"],
          ["viewer", "sign_in", "", "127.0.0.1"],
        ]);
      },
      { what: "the audit trail" },
    );
  });

  it("is off unless it is set", async () => {
    await using other = await startDashboard();

    expect((await other.sendOwn({ path: "/queues/api/queues", headers: { [HEADER]: "admin" } })).status).toBe(401);
    expect(await other.audited()).toEqual([]);
  });
});
