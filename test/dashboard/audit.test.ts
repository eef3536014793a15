import { createLog, REFRESH_QUEUE } from "@tokenkeeper/core";
import { auditKey, pauseKey, QUEUE_PREFIX } from "@tokenkeeper/shared/contract";
import { Queue, Worker } from "bullmq";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAudit, type AuditEntry } from "@tokenkeeper/ops";
import { TARGET_LENGTH } from "../../packages/ops/src/audit-entry.ts";
import { appIdOf, populate } from "../support/population.ts";
import { eventually } from "../support/eventually.ts";
import { CREDENTIALS, startDashboard, type Answer, type Running } from "./running.ts";

const RETRY_ALL = { method: "PUT", path: "/queues/api/queues/refresh/retry/failed" };

describe("the audit trail", () => {
  let board: Running;
  let refresh: Queue;
  const cookies = { viewer: "", operator: "", admin: "" };

  beforeAll(async () => {
    board = await startDashboard();
    refresh = new Queue(REFRESH_QUEUE, { connection: board.server.redis, prefix: QUEUE_PREFIX });
    for (const role of ["viewer", "operator", "admin"] as const) cookies[role] = await board.session(role);
  });
  afterAll(async () => {
    await refresh.close();
    await board[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await board.server.redis.del(auditKey("acts"), auditKey("access"));
    await refresh.obliterate({ force: true });
  });

  const as = (role: keyof typeof cookies, ask: { method?: string; path: string }): Promise<Answer> =>
    board.sendOwn({ ...ask, headers: { Cookie: cookies[role] } });
  /** Waits until the trail has so many entries of which none is still open. */
  async function trail(count: number): Promise<AuditEntry[]> {
    return eventually(
      async () => {
        const entries = await board.audited();
        expect(entries).toHaveLength(count);
        expect(entries.map(({ result }) => result)).not.toContain("unknown");
        return entries;
      },
      { what: `${count} entries` },
    );
  }
  async function failOne(): Promise<string> {
    const job = await refresh.add("shop · access_token", {}, { jobId: "one" });
    const connection = { connection: board.server.redis, prefix: QUEUE_PREFIX };
    const worker = new Worker(REFRESH_QUEUE, () => Promise.reject(new Error("40164")), connection);
    await eventually(async () => expect(await job.getState()).toBe("failed"), { what: "a failed job" });
    await worker.close();
    return "one";
  }

  it("has who retried what job on Bull Board, when, from where, and what it came to", async () => {
    const before = Date.now();
    const id = await failOne();

    expect((await as("operator", { method: "PUT", path: `/queues/api/queues/refresh/${id}/retry` })).status).toBe(204);

    const [entry] = await trail(1);
    expect(entry).toMatchObject({
      user: "operator",
      role: "operator",
      action: "retry_job",
      target: "shop · access_token · one",
      address: "127.0.0.1",
      result: "done",
    });
    expect(entry?.at).toBeGreaterThan(before - 60_000);
    expect(entry?.at).toBeLessThan(Date.now() + 60_000);
  });

  it("has a retry of all, one that fails, and one that Bull Board refuses", async () => {
    await refresh.add("shop · access_token", {}, { jobId: "waiting" });

    await as("admin", RETRY_ALL);
    await as("operator", { method: "PUT", path: "/queues/api/queues/refresh/nothing/retry" });
    await as("operator", { method: "PUT", path: "/queues/api/queues/refresh/waiting/retry" });

    const entries = await trail(3);
    expect(entries.map(({ user, action, target, result }) => [user, action, target, result])).toEqual([
      ["operator", "retry_job", "shop · access_token · waiting", "refused"],
      ["operator", "retry_job", "nothing", "failed"],
      ["admin", "retry_failed", "refresh", "done"],
    ]);
  });

  it("is written before the act: what cannot be written is not done, and the answer says so", async () => {
    const id = await failOne();
    await board.server.redis.set(auditKey("acts"), "in the way");

    for (const ask of [RETRY_ALL, { method: "PUT", path: `/queues/api/queues/refresh/${id}/retry` }]) {
      const answer = await as("operator", ask);
      expect(answer).toMatchObject({
        status: 503,
        body: expect.stringMatching(/^\{"error":"Redis takes no audit entry, so nothing was done\./),
      });
    }

    expect(await (await refresh.getJob(id))?.getState()).toBe("failed");
  });

  it("has what people do on our own pages, and pausing is not done when it cannot be written", async () => {
    const { redis } = board.server;
    await populate(redis, 1);
    const account = appIdOf(0);
    const pause = { method: "POST", path: `/api/accounts/${account}/pause` };

    expect((await as("operator", pause)).status).toBe(403);
    expect((await as("admin", pause)).status).toBe(200);
    expect((await as("admin", { method: "POST", path: `/api/accounts/${account}/resume` })).status).toBe(200);
    expect(
      (await as("operator", { method: "POST", path: `/api/credentials/${account}/access_token/refresh` })).status,
    ).toBe(202);

    const entries = await trail(4);
    expect(entries.map(({ user, action, target, result }) => [user, action, target, result])).toEqual([
      ["operator", "refresh", expect.stringContaining(account), "done"],
      ["admin", "resume", account, "done"],
      ["admin", "pause", account, "done"],
      ["operator", "denied", `POST ${pause.path}`, "refused"],
    ]);
    await redis.set(auditKey("acts"), "in the way");
    expect((await as("admin", pause)).status).toBe(503);
    expect(await redis.exists(pauseKey(account))).toBe(0);
  });

  it("has which credentials were re-run at once: the first and their number, and the log all", async () => {
    const refs = [0, 1, 2, 3, 4, 5].map((index) => ({ account: appIdOf(index), kind: "access_token" }));
    const ids = refs.map(({ account, kind }) => `${account}:${kind}`);
    const rerun = (credentials: readonly object[]): Promise<Answer> =>
      board.sendOwn({
        method: "POST",
        path: "/api/jobs/rerun",
        headers: { Cookie: cookies.operator, "Content-Type": "application/json" },
        body: JSON.stringify({ credentials }),
      });

    for (const count of [1, 2, 6]) expect((await rerun(refs.slice(0, count))).status).toBe(200);

    const [six, two, one] = (await trail(3)).map(({ target }) => target);
    expect(one).toBe(ids[0]);
    expect(two).toBe(`2 credentials: ${ids[0]}, ${ids[1]}`);
    expect(six).toBe(`${`6 credentials: ${ids.join(", ")}`.slice(0, TARGET_LENGTH)}…`);
    const lines: string[] = [];
    const log = createLog({
      name: "audit",
      level: "info",
      pretty: false,
      destination: { write: (line) => void lines.push(line) },
    });
    const user = { name: "ann", role: "operator", address: "127.0.0.1" } as const;
    const audit = createAudit({ redis: board.server.redis, log });
    await audit.act({ user, action: "rerun", target: ids }, () => Promise.resolve());
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ msg: "audit.begun", target: six, targets: ids });
  });

  it("has a beginning without an end when nobody saw the end", async () => {
    const fields = ["user", "li", "role", "admin", "action", "force", "target", "shop", "address", "127.0.0.1"];
    await board.server.redis.xadd(auditKey("acts"), "*", ...fields);

    expect(await board.audited()).toMatchObject([{ user: "li", action: "force", result: "unknown" }]);
  });

  it("has who signed in and out, and who could not, without names that are none of ours", async () => {
    const cookie = await board.session();
    await board.signIn({ user: CREDENTIALS.user, password: "wrong" });
    await board.signIn({ user: "canary-password", password: CREDENTIALS.password });
    await board.sendOwn({ method: "POST", path: "/logout", headers: { Cookie: cookie } });

    const entries = await trail(4);
    expect(entries.map(({ user, role, action, result }) => [user, role, action, result])).toEqual([
      ["keeper", "admin", "sign_out", "done"],
      ["", "", "sign_in", "refused"],
      ["keeper", "admin", "sign_in", "refused"],
      ["keeper", "admin", "sign_in", "done"],
    ]);
    expect(JSON.stringify(await board.server.redis.xrange(auditKey("access"), "-", "+"))).not.toContain("canary");
  });

  it("has one entry for a lockout, however often somebody tries again", async () => {
    const wrong = { user: "viewer", password: "wrong" };
    for (let attempt = 0; attempt < 8; attempt += 1) await board.signIn(wrong);

    const results = (await trail(6)).map(({ user, result }) => `${user} ${result}`);
    expect(results).toEqual(["viewer limited", ...Array.from({ length: 5 }, () => "viewer refused")]);
  });

  it("lets nobody in whose sign-in cannot be written", async () => {
    await board.server.redis.set(auditKey("access"), "in the way");

    const answer = await board.signIn();

    expect(answer.status).toBe(503);
    expect(answer.headers["set-cookie"]).toBeUndefined();
  });

  it("has acts that were denied to somebody, nothing of what was denied to nobody, and no reading", async () => {
    await as("viewer", RETRY_ALL);
    await as("operator", { path: "/audit" });
    await as("admin", { method: "PUT", path: "/queues/api/queues/refresh/obliterate" });
    await board.send({ ...RETRY_ALL, headers: { Cookie: cookies.operator, "Sec-Fetch-Site": "cross-site" } });
    await board.sendOwn(RETRY_ALL);
    await board.sendOwn({ method: "PUT", path: "/queues/api/queues/refresh/obliterate" });

    const entries = await trail(3);
    expect(entries.map(({ user, action, target, result }) => [user, action, target, result])).toEqual(
      [
        ["viewer", "denied", "PUT /queues/api/queues/refresh/retry/failed", "refused"],
        ["admin", "denied", "PUT /queues/api/queues/refresh/obliterate", "refused"],
        ["operator", "denied", "PUT /queues/api/queues/refresh/retry/failed", "refused"],
      ].toReversed(),
    );
  });

  it("keeps what people did however much is denied", async () => {
    await as("operator", RETRY_ALL);
    await trail(1);
    const flood = board.server.redis.pipeline();
    const denied = ["user", "viewer", "role", "viewer", "action", "denied", "target", "", "address", "", "result"];
    for (let entry = 0; entry < 25_000; entry += 1) {
      flood.xadd(auditKey("access"), "MAXLEN", "~", 20_000, "*", ...denied, "refused");
    }
    await flood.exec();
    await as("viewer", RETRY_ALL);

    await eventually(async () => expect(await board.server.redis.xlen(auditKey("access"))).toBeLessThan(21_000), {
      what: "a capped stream",
    });
    expect(await board.server.redis.xlen(auditKey("acts"))).toBe(2);
  });

  it("is a page for admins in both languages, which shows everything as text", async () => {
    const hostile = '<img src=x onerror="alert(1)"></td></script>';
    const fields = ["user", hostile, "role", "admin", "action", "pause", "target", hostile, "address", hostile];
    await board.server.redis.xadd(auditKey("acts"), "*", ...fields);
    const page = (language: string): Promise<Answer> =>
      board.send({ path: "/audit", headers: { Cookie: cookies.admin, "Accept-Language": language } });

    const [english, chinese] = await Promise.all([page("en"), page("zh-CN")]);

    expect(english.status).toBe(200);
    expect(english.body).toContain("Paused an account");
    expect(english.body).toContain("not known: its end was not written down");
    expect(chinese.body).toContain("操作审计");
    expect(chinese.body).toContain("暂停账号");
    for (const { body } of [english, chinese]) {
      expect(body).toContain("&lt;img src=x onerror=");
      expect(body).not.toContain("<img src=x");
    }
  });

  it("is read page by page, each entry once with its end, as JSON as well", async () => {
    const { redis } = board.server;
    const begun = ["user", "li", "role", "admin", "action", "force", "address", "127.0.0.1", "target"];
    const access = ["user", "li", "role", "admin", "action", "sign_in", "address", "", "result", "done", "target"];
    for (let entry = 0; entry < 130; entry += 1) {
      const of = await redis.xadd(auditKey("acts"), "*", ...begun, `act ${entry}`);
      if (entry % 2 === 0) await redis.xadd(auditKey("access"), "*", ...access, `access ${entry}`);
      await redis.xadd(auditKey("acts"), "*", "of", String(of), "result", "done");
    }

    const seen: AuditEntry[] = [];
    let path: string | undefined = "/api/audit";
    let pages = 0;
    while (path !== undefined) {
      const { status, body }: Answer = await as("admin", { path });
      expect(status).toBe(200);
      const page = JSON.parse(body) as { entries: AuditEntry[]; older?: string };
      seen.push(...page.entries);
      pages += 1;
      path = page.older === undefined ? undefined : `/api/audit?before=${page.older}`;
    }

    expect(pages).toBeGreaterThan(1);
    expect(seen).toHaveLength(195);
    expect(new Set(seen.map(({ target }) => target)).size).toBe(195);
    expect(new Set(seen.map(({ result }) => result))).toEqual(new Set(["done"]));
    expect(seen.map(({ at }) => at)).toEqual(seen.map(({ at }) => at).toSorted((one, other) => other - one));
  });

  it.each(["x", "1-1%00", "-", "(1-1", "99999999999999999-1"])("is not read from %j", async (before) => {
    for (const path of ["/audit", "/api/audit"]) {
      expect((await as("admin", { path: `${path}?before=${before}` })).status).toBe(400);
    }
  });

  it("says so when Redis does not answer", async () => {
    await using other = await startDashboard();
    const cookie = await other.session();
    await other.server.down();

    const answer = await other.sendOwn({ ...RETRY_ALL, headers: { Cookie: cookie } });

    expect(answer.status).toBe(503);
    expect(answer.body).toContain("Redis does not answer.");
  });
});
