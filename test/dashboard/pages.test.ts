// What the pages read and do, over HTTP: with no more rights in Redis than the contract gives the dashboard.
import { beijingDate, createLog, HISTORY, REFRESH_QUEUE } from "@tokenkeeper/core";
import { createDashboard, type Dashboard } from "@tokenkeeper/dashboard";
import {
  controlKey,
  FOLLOWERS_KEY,
  pauseKey,
  quotaKey,
  QUEUE_PREFIX,
  ROTATED_CHANNEL,
  recordKey,
  reportersKey,
  sloKey,
  usageKey,
} from "@tokenkeeper/shared/contract";
import { Queue, Worker } from "bullmq";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Detail, FleetPage, Row, RowsMessage } from "@tokenkeeper/ops";
import { eventually } from "../support/eventually.ts";
import { blockOf, readDocument } from "../support/markdown.ts";
import { appIdOf, populate, tokenOf } from "../support/population.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";
import { CREDENTIALS } from "./running.ts";

const REF = { account: appIdOf(0), kind: "access_token" } as const;
const PATH = `/api/credentials/${REF.account}/${REF.kind}`;
const PASSWORD = "only-for-this-test";

let server: TestRedis;
let dashboard: Dashboard;
let cookie: string;
let queue: Queue;

beforeAll(async () => {
  server = await startTestRedis();
  const rights = blockOf(await readDocument("docs/key-contract.md"), "acl dashboard").split(" ");
  await server.redis.call("ACL", "SETUSER", "dashboard", "reset", "on", `>${PASSWORD}`, ...rights);
  const url = new URL(server.url);
  [url.username, url.password] = ["dashboard", PASSWORD];
  dashboard = await createDashboard({
    redisUrl: url.href,
    host: "127.0.0.1",
    port: 0,
    credentials: CREDENTIALS,
    publicUrl: undefined,
    log: createLog({ name: "dashboard", level: "silent", pretty: false }),
  });
  queue = new Queue(REFRESH_QUEUE, { connection: server.redis, prefix: QUEUE_PREFIX });
});
afterAll(async () => {
  await queue.close();
  await dashboard.close();
  await server.stop();
});
beforeEach(async () => {
  await server.redis.flushall();
  await server.redis.call("ACL", "LOG", "RESET");
  await populate(server.redis, 3);
  cookie = await signIn();
});
afterEach(async () => {
  const denied = (await server.redis.call("ACL", "LOG")) as unknown[];
  if (denied.length > 0) throw new Error(`Redis denied the dashboard: ${JSON.stringify(denied[0])}`);
});

async function signIn(): Promise<string> {
  const { user: username, password } = CREDENTIALS;
  const answer = await fetch(`${dashboard.url}/login`, {
    method: "POST",
    body: new URLSearchParams({ username, password }),
    headers: { "Sec-Fetch-Site": "same-origin" },
    redirect: "manual",
  });
  return answer.headers.get("set-cookie")?.split(";")[0] ?? "";
}

function get(path: string, signal?: AbortSignal): Promise<Response> {
  return fetch(`${dashboard.url}${path}`, {
    headers: { Cookie: cookie },
    redirect: "manual",
    ...(signal && { signal }),
  });
}

async function read<T>(path: string): Promise<T> {
  const answer = await get(path);
  expect(answer.status).toBe(200);
  return (await answer.json()) as T;
}

function post(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${dashboard.url}${path}`, {
    method: "POST",
    headers: { Cookie: cookie, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json", ...headers },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
}

/** Jobs that end as failed, and the list of them that the worker keeps. */
async function failJobs(
  count: number,
  reason = "40164 · ip 203.0.113.7 | 把它加入白名单。 | Add it to the whitelist.",
): Promise<string[]> {
  const data = { ...REF, reason: "plan" };
  const jobs = await queue.addBulk(
    Array.from({ length: count }, () => ({ name: "account 0 · access_token", data, opts: HISTORY })),
  );
  const worker = new Worker(REFRESH_QUEUE, () => Promise.reject(new Error(reason)), {
    connection: server.redis.duplicate(),
    prefix: QUEUE_PREFIX,
  });
  worker.on("error", () => undefined);
  await eventually(async () => expect(await queue.getFailedCount()).toBe(count), { what: "failed jobs" });
  await worker.close();
  const ids = jobs.map(({ id }) => id ?? "");
  await server.redis.hset(controlKey(REF), "failed_jobs", ids.map((id, index) => (index % 2 ? `${id}!` : id)).join());
  return ids;
}

describe("the list", () => {
  it("has every account, and no token", async () => {
    const text = await (await get("/api/credentials")).text();

    const { rows, rev } = JSON.parse(text) as RowsMessage;
    expect(rows.map(({ name, state, served }) => [name, state, served])).toEqual(
      [0, 1, 2].map((index) => [`account ${index}`, "healthy", true]),
    );
    expect(rev).toBeGreaterThan(0);
    expect(text).not.toContain("never-to-be-seen");
  });

  it.each<[string, string, (row: Row | undefined) => boolean]>([
    ["a record that is no hash", recordKey(REF), (row) => (row?.expiresAt ?? Infinity) < Date.now() + 61_000],
    ["a control state that is no hash", controlKey(REF), (row) => row?.last === undefined],
  ])("survives %s", async (_what, key, isSeen) => {
    await server.redis.del(key);
    await server.redis.set(key, "garbage", "PX", 60_000);

    const { rows } = await eventually(
      async () => {
        const list = await read<RowsMessage>("/api/credentials");
        expect(isSeen(list.rows.find(({ account }) => account === REF.account))).toBe(true);
        return list;
      },
      { what: "the change to be seen" },
    );

    expect(rows).toHaveLength(3);
  });

  it("shows names of accounts as text, whatever they are", async () => {
    const name = "<img src=x onerror=alert(1)></script>";
    const entry = JSON.stringify({ id: REF.account, name, family: "official-account", kinds: [REF.kind] });
    await server.redis.hset("wx:accounts", REF.account, entry);

    await eventually(
      async () =>
        expect((await read<RowsMessage>("/api/credentials")).rows.some((row) => row.name === name)).toBe(true),
      { what: "the name" },
    );

    expect((await get("/api/credentials")).headers.get("content-type")).toContain("application/json");
    expect((await get(`/credentials/${REF.account}/${REF.kind}`)).headers.get("content-security-policy")).toContain(
      "script-src 'self'",
    );
  });
});

describe("one credential", () => {
  it("shows who reported it, the last one first, and leaves out what no worker writes", async () => {
    const [at, result] = [1_700_000_000_000, "confirmed"];
    const entry = { since: at, at, times: 1, result };
    await server.redis.hset(reportersKey(REF), {
      "shop-web": JSON.stringify(entry),
      "-": JSON.stringify({ ...entry, at: at + 1, result: "stale" }),
      "<b>html</b>": JSON.stringify(entry),
      odd: JSON.stringify({ ...entry, result: "<b>" }),
      broken: "{",
    });

    expect((await read<Detail>(PATH)).reporters).toEqual([
      { app: "-", ...entry, at: at + 1, result: "stale" },
      { app: "shop-web", ...entry },
    ]);
    await server.redis.multi().del(reportersKey(REF)).set(reportersKey(REF), "text").exec();
    expect((await read<Detail>(PATH)).reporters).toEqual([]);
  });

  it("that follows a leader counts its reads there, and what an older worker wrote of it is no reason to say so", async () => {
    const entry = { id: REF.account, name: "account 0", family: "official-account", kinds: [REF.kind], follows: true };
    await server.redis.hset("wx:accounts", REF.account, JSON.stringify(entry));
    await server.redis.hset(quotaKey(REF.account, beijingDate(Date.now())), { leader: "4", stable_token: "9" });

    const { row } = await read<Detail>(PATH);

    expect(row).toMatchObject({ follows: true, used: 4, cap: 20_000 });
    const other = await read<Detail>(`/api/credentials/${appIdOf(1)}/${REF.kind}`);
    expect(other.row).not.toHaveProperty("follows");
  });

  it("has its history with remedies, the newest first, and learns of what ends later", async () => {
    const [first = ""] = await failJobs(1);

    const { history } = await read<Detail>(PATH);
    expect(history).toMatchObject([
      {
        job: first,
        trigger: "plan",
        outcome: "failed",
        failure: { facts: "40164 · ip 203.0.113.7", text: { en: "Add it to the whitelist.", zh: "把它加入白名单。" } },
      },
    ]);

    const done = await queue.add("account 0 · access_token", { ...REF, reason: "operator" });
    const result = {
      outcome: "refreshed",
      reason: "due",
      unchanged: false,
      fingerprint: "ab".repeat(8),
      expiresAt: "2026-11-24T12:00:00.000Z",
    };
    const worker = new Worker(REFRESH_QUEUE, () => Promise.resolve(result), {
      connection: server.redis.duplicate(),
      prefix: QUEUE_PREFIX,
    });
    worker.on("error", () => undefined);
    await eventually(async () => expect(await queue.getCompletedCount()).toBe(1), { what: "the job" });
    await worker.close();

    expect((await read<Detail>(PATH)).history).toMatchObject([
      {
        job: done.id,
        trigger: "operator",
        outcome: "refreshed",
        reason: "due",
        expiresAt: Date.parse(result.expiresAt),
      },
      { job: first },
    ]);
  });

  it.each(["job started more than allowable limit", "job stalled more than allowable limit"])(
    "says what to do about a job that BullMQ has ended: %s",
    async (reason) => {
      await failJobs(1, reason);

      const [{ failure } = {}] = (await read<Detail>(PATH)).history;
      expect(failure?.facts).toBe("");
      expect(failure?.text.en).toContain("press Refresh now");
      expect(failure?.text.zh).toContain("立即刷新");
    },
  );

  it.each([
    [`/api/credentials/${REF.account}/jsapi_ticket`, 404],
    ["/api/credentials/wxffffffffffffffff/access_token", 404],
    ["/api/credentials/__proto__/access_token", 404],
    [`/api/credentials/${REF.account}/secret`, 404],
  ])("that is not there: %s gives %i", async (path, status) => {
    expect((await get(path)).status).toBe(status);
  });
});

describe("changes", () => {
  /** Reads events until the stream is left. */
  async function follow(signal: AbortSignal): Promise<{ messages: RowsMessage[]; ended: Promise<unknown> }> {
    const answer = await get("/api/events", signal);
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    const messages: RowsMessage[] = [];
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    const ended = (async () => {
      let text = "";
      for (;;) {
        const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
        if (done) return;
        text += value;
        const parts = text.split("\n\n");
        text = parts.pop() ?? "";
        for (const part of parts)
          if (part.startsWith("event: rows"))
            messages.push(JSON.parse(part.slice(part.indexOf("data: ") + 6)) as RowsMessage);
      }
    })().catch(() => undefined);
    return { messages, ended };
  }

  it("come to every open page: what changed and nothing else, what is gone, and soon after a rotation's hint", async () => {
    const leave = new AbortController();
    const [one, other] = await Promise.all([follow(leave.signal), follow(leave.signal)]);
    await read("/api/credentials");
    const { length } = one.messages;

    await server.redis.hset(controlKey(REF), "plan_at", "1", "failures", "1");
    await server.redis.publish(ROTATED_CHANNEL, JSON.stringify({ ...REF, version: "1" }));
    for (const { messages } of [one, other]) {
      await eventually(
        () =>
          expect(messages.slice(length).flatMap(({ rows }) => rows)).toMatchObject([
            { id: `${REF.account}:access_token`, state: "overdue" },
          ]),
        { what: "the changed row" },
      );
    }
    await server.redis.hdel("wx:accounts", REF.account, "account 0");
    await eventually(() => expect(one.messages.at(-1)?.gone).toEqual([`${REF.account}:access_token`]), {
      what: "the row to go",
    });
    const revs = one.messages.map(({ rev }) => rev);
    expect(revs).toEqual(revs.toSorted((a, b) => a - b));

    leave.abort();
    await Promise.all([one.ended, other.ended]);
  });

  it("survive forged and broken hints", async () => {
    const leave = new AbortController();
    const { messages, ended } = await follow(leave.signal);
    for (const hint of ["", "{", "null", '{"account":["x"]}', JSON.stringify({ account: "*".repeat(100_000) })]) {
      await server.redis.publish(ROTATED_CHANNEL, hint);
    }
    await server.redis.hset(controlKey(REF), "failures", "1");

    await eventually(
      () =>
        expect(messages.flatMap(({ rows }) => rows).findLast(({ account }) => account === REF.account)?.state).toBe(
          "retrying",
        ),
      {
        what: "the change",
      },
    );
    leave.abort();
    await ended;
  });
});

describe("what people may do", () => {
  it("is a look at once, and another value: one job each, however often it is pressed", async () => {
    const answers = await Promise.all(["refresh", "refresh", "force", "force"].map((what) => post(`${PATH}/${what}`)));

    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    const jobs = await queue.getWaiting();
    expect(jobs.map(({ data, name, opts }) => [name, data, opts.attempts])).toEqual(
      expect.arrayContaining([
        ["account 0 · access_token", { ...REF, reason: "operator" }, 1],
        ["account 0 · access_token", { ...REF, reason: "forced" }, 1],
      ]),
    );
    expect(jobs).toHaveLength(2);
  });

  it("is to re-run the failed jobs of some credentials, spent ones too, and to leave others alone", async () => {
    await failJobs(3);
    const { account } = { account: appIdOf(1) };

    const none = await post("/api/jobs/rerun", { credentials: [{ account, kind: "access_token" }] });
    expect(await none.json()).toEqual({ rerun: 0, skipped: 0 });
    const all = await post("/api/jobs/rerun", { credentials: [REF] });
    expect(await all.json()).toEqual({ rerun: 3, skipped: 0 });

    expect(await queue.getFailedCount()).toBe(0);
    const again = await post("/api/jobs/rerun", { credentials: [REF] });
    expect(await again.json()).toEqual({ rerun: 0, skipped: 0 });
  });

  it("is to pause and resume an account, and to have its quota reset", async () => {
    expect((await post(`/api/accounts/${REF.account}/pause`)).status).toBe(200);
    const note = JSON.parse((await server.redis.get(pauseKey(REF.account))) ?? "null") as object;
    expect(note).toEqual({ by: CREDENTIALS.user, at: expect.any(Number) });
    expect((await read<Detail>(PATH)).row).toMatchObject({ state: "paused", paused: { by: CREDENTIALS.user } });

    expect((await post(`/api/accounts/${REF.account}/resume`)).status).toBe(200);
    expect((await read<Detail>(PATH)).row.state).toBe("healthy");
    expect((await post(`/api/accounts/${REF.account}/reset-quota`)).status).toBe(200);
    expect((await queue.getWaiting()).map(({ data }) => data.reason)).toEqual(["quota_reset"]);
  });

  const unknown = "wxffffffffffffffff";
  it.each<[string, string, unknown, number]>([
    ["an account that is not there", `/api/accounts/${unknown}/pause`, undefined, 404],
    ["a credential that is not there", `/api/credentials/${unknown}/access_token/refresh`, undefined, 404],
    ["a kind that is not kept", `/api/credentials/${REF.account}/jsapi_ticket/force`, undefined, 404],
    ["no body", "/api/jobs/rerun", undefined, 400],
    ["broken JSON", "/api/jobs/rerun", '{"credentials": [', 400],
    ["no credential", "/api/jobs/rerun", { credentials: [] }, 400],
    ["a foreign field", "/api/jobs/rerun", { credentials: [{ ...REF, x: 1 }] }, 400],
    ["a prototype", "/api/jobs/rerun", '{"__proto__":{"credentials":[]}}', 400],
    [
      "another kind of field",
      "/api/jobs/rerun",
      { credentials: [{ account: { $gt: "" }, kind: "access_token" }] },
      400,
    ],
    ["too much", "/api/jobs/rerun", `"${"x".repeat(1_100_000)}"`, 413],
  ])("refuses %s and changes nothing", async (...[, path, body, status]) => {
    await failJobs(1);

    expect((await post(path, body)).status).toBe(status);

    expect(await queue.getFailedCount()).toBe(1);
    expect(await queue.getWaitingCount()).toBe(0);
    expect(await server.redis.keys("wx:pause:*")).toEqual([]);
  });

  it("refuses whoever is not signed in, and pages of others", async () => {
    const paths = [`${PATH}/refresh`, `/api/accounts/${REF.account}/pause`, "/api/jobs/rerun"];
    for (const path of paths) {
      expect((await post(path, {}, { Cookie: "" })).status).toBe(401);
      expect((await post(path, {}, { "Sec-Fetch-Site": "cross-site" })).status).toBe(403);
    }
    for (const path of ["/api/credentials", PATH, "/api/fleet", "/api/events"]) {
      expect((await fetch(`${dashboard.url}${path}`, { redirect: "manual" })).status).toBe(401);
    }
  });
});

describe("the fleet", () => {
  it("shows workers that live, queues, schedulers that stopped, and Redis", async () => {
    const heartbeat = "wx:worker:host-1-aaaa";
    await server.redis.hset(heartbeat, {
      host: "host",
      pid: "1",
      started_at: "2026-11-24T12:00:00.000Z",
      version: "0.1.0",
    });
    await server.redis.pexpire(heartbeat, 28_000);
    await server.redis.sadd("wx:workers", "host-1-aaaa", "host-2-dead");
    await server.redis.sadd(`${heartbeat}:credentials`, "a", "b");
    await server.redis.zadd(`${QUEUE_PREFIX}:schedule:repeat`, Date.now() - 60_000, "stopped", Date.now(), "alive");
    await server.redis.hset(controlKey(REF), { intent_generation: "1", intent_at: "1", settle_due: "1" });
    const now = Date.now();
    const accounts = { [REF.account]: now, wxffffffffffffffff: now };
    await server.redis.hset(FOLLOWERS_KEY, {
      staging: JSON.stringify({ lastSeen: now, accounts }),
      old: JSON.stringify({ lastSeen: now - 3_600_000, accounts: {} }),
      forgotten: JSON.stringify({ lastSeen: 1, accounts: {} }),
      broken: '{"lastSeen":"x"}',
    });
    await server.redis.hset(usageKey(beijingDate(now)), {
      [`staging|${REF.account}|served`]: "3",
      "staging|wxffffffffffffffff|served": "1",
      "staging|-|followed": "9",
      "-|-|unauthorized": "2",
      "no field of ours": "5",
      "staging|-|reported": "many",
    });
    await failJobs(2);
    await queue.pause();

    const today = sloKey(beijingDate(Date.now()));
    await server.redis.hset(today, { watched_ms: 4e12, fresh_ms: 3e12 });
    const fleet = await eventually(
      async () => {
        const read1 = await read<FleetPage>("/api/fleet");
        expect(read1.credentials).toMatchObject({ all: 3, unserved: 0, unknown: 1, settles: 1 });
        return read1;
      },
      { what: "the open intent to be seen" },
    );

    expect(fleet.workers).toEqual([
      expect.objectContaining({ name: "host-1-aaaa", version: "0.1.0", credentials: 2, seenMsAgo: expect.any(Number) }),
    ]);
    expect(fleet.workers[0]?.seenMsAgo).toBeGreaterThanOrEqual(1_900);
    expect(fleet.queues.map(({ name }) => name)).toEqual(["refresh", "schedule", "alerts"]);
    expect(fleet.queues[0]).toMatchObject({ name: "refresh", paused: true, counts: { failed: 2 } });
    expect(fleet.schedulers).toEqual({ count: 2, overdue: 1 });
    const [names, seenMsAgo] = [["account 0", "wxffffffffffffffff"], expect.any(Number)];
    expect(fleet.followers).toEqual([
      { key: "staging", follows: true, seenMsAgo, accounts: 2, names },
      { key: "old", follows: false, seenMsAgo, accounts: 0, names: [] },
    ]);
    expect(fleet.requests).toEqual([
      { key: "-", served: 0, reported: 0, followed: 0, refused: 2 },
      { key: "staging", served: 4, reported: 0, followed: 9, refused: 0 },
    ]);
    expect(fleet.redis).toMatchObject({ role: "master", policy: "noeviction", appendOnly: true, persistenceOk: true });
    expect(fleet.slo).toMatchObject([
      { slo: "freshness", target: 0.9999, share: expect.closeTo(0.75) },
      { slo: "timeliness", target: 0.999 },
      { slo: "recovery", target: 0.99 },
      { slo: "quota", target: 0.05 },
    ]);
  });
});

describe("the files of the pages", () => {
  it("come as JavaScript without types, compressed, and not again when nothing changed", async () => {
    const path = "/ui/client/main.ts";
    const first = await get(path);
    const text = await first.text();

    expect(first.headers.get("content-type")).toContain("text/javascript");
    expect(first.headers.get("content-encoding")).toBe("gzip");
    expect(text).toContain('import "./environment.ts"');
    const again = await fetch(`${dashboard.url}${path}`, {
      headers: { Cookie: cookie, "If-None-Match": first.headers.get("etag") ?? "" },
    });
    expect(again.status).toBe(304);
  });

  it.each(["/ui/client/tsconfig.json", "/ui/main.ts", "/ui/ops/actions.ts", "/ui/client/lib/lit-html/package.json"])(
    "do not include %s",
    async (path) => {
      expect((await get(path)).status).toBe(404);
    },
  );
});

it("never shows a token", async () => {
  expect(await server.redis.hget(recordKey(REF), "value")).toBe(tokenOf(0));
  for (const path of ["/api/credentials", PATH, "/api/fleet", "/"]) {
    expect(await (await get(path)).text()).not.toContain("never-to-be-seen");
  }
});
