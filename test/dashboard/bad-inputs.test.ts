// Bad requests: every one has a defined answer of ours, changes nothing, and harms nobody after it. The numbers are those
// of the list "Dashboard and its login"; the rest of 39 is in test/browser/access.test.ts.
import { connect } from "node:net";
import { REFRESH_QUEUE } from "@tokenkeeper/core";
import { QUEUE_PREFIX, sessionKey } from "@tokenkeeper/shared/contract";
import { Queue } from "bullmq";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Role } from "@tokenkeeper/ops";
import { CREDENTIALS, form, startDashboard, type Answer, type Ask, type Running } from "./running.ts";

const API = "/queues/api/queues";
const RETRY = { method: "PUT", path: `${API}/refresh/none/retry` };
const RETRY_ALL = { method: "PUT", path: `${API}/refresh/retry/failed` };
const LOGIN = { method: "POST", path: "/login" };
const LIST = `${API}?activeQueue=refresh`;
const JSON_BODY = { "Content-Type": "application/json" };
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const CROSS = { "Sec-Fetch-Site": "cross-site" };

/** An answer of ours, by its first words. */
const SAYS = {
  signInPage: /Redirecting to \/login/,
  signIn: /^\{"error":"The sign-in has ended/,
  forbidden: /^\{"error":"Not allowed: the board reads, and retries/,
  role: /^\{"error":"Not allowed: this needs the role/,
  foreign: /^\{"error":"Not allowed: the request did not come from this dashboard's own page/,
  notFound: /^\{"error":"There is no such page/,
  badRequest: /^\{"error":"The request cannot be read/,
  tooLarge: /^\{"error":"The request is too large/,
  wrong: /User name or password is wrong\./,
  missing: /Enter the user name and the password\./,
  noJob: /JOB_NOT_FOUND/,
  badParameter: /INVALID_QUERY_PARAM/,
  nothing: /^$/,
} as const;

interface Row {
  readonly as?: Role | "nobody";
  readonly ask: Ask | ((cookie: string) => Ask);
  readonly status: number;
  readonly says: RegExp;
  readonly location?: string;
}

const get = (path: string, headers: Record<string, string> = {}): Ask => ({ path, headers });
const sent = (ask: Ask, headers: Record<string, string>, body?: string): Ask => ({
  ...ask,
  headers,
  ...(body !== undefined && { body }),
});
const refused = { status: 403, says: SAYS.forbidden };
const foreign = { status: 403, says: SAYS.foreign };
const absent = { status: 404, says: SAYS.notFound };
const bad = { status: 400, says: SAYS.badRequest };
const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;

const ROWS: readonly (readonly [number: number, what: string, row: Row])[] = [
  [1, "data without a cookie", { as: "nobody", ask: get(API), status: 401, says: SAYS.signIn }],
  [
    1,
    "a page without a cookie",
    { as: "nobody", ask: get("/queues"), status: 303, location: "/login", says: SAYS.signInPage },
  ],
  [4, "a cookie of 8 KiB", { ask: get(API, { Cookie: `sid=${"x".repeat(8_192)}` }), status: 431, says: SAYS.nothing }],
  [5, "two cookies", { ask: (own) => get(API, { Cookie: `${own}; ${own}` }), status: 401, says: SAYS.signIn }],
  [6, "a guessed id", { ask: get(API, { Cookie: `sid=${"A".repeat(43)}` }), status: 401, says: SAYS.signIn }],
  [6, "a short id", { ask: (own) => get(API, { Cookie: own.slice(0, -1) }), status: 401, says: SAYS.signIn }],
  [8, "a viewer's retry", { as: "viewer", ask: RETRY_ALL, status: 403, says: SAYS.role }],
  [
    9,
    "an operator's obliterate",
    { as: "operator", ask: { method: "PUT", path: `${API}/refresh/obliterate` }, ...refused },
  ],
  [10, "a viewer's add", { as: "viewer", ask: { method: "POST", path: `${API}/refresh/add` }, ...refused }],
  [11, "changed data", { ask: { method: "PATCH", path: `${API}/refresh/kept/update-data` }, ...refused }],
  [
    12,
    "a scheduler at 1 ms",
    {
      ask: sent({ method: "PATCH", path: `${API}/schedule/job-schedulers/sweep` }, JSON_BODY, '{"every":1}'),
      ...refused,
    },
  ],
  [
    13,
    "a concurrency of -1",
    { ask: sent({ method: "PUT", path: `${API}/refresh/concurrency` }, JSON_BODY, '{"concurrency":-1}'), ...refused },
  ],
  [
    13,
    "a concurrency of abc",
    {
      ask: sent({ method: "PUT", path: `${API}/refresh/concurrency` }, JSON_BODY, '{"concurrency":"abc"}'),
      ...refused,
    },
  ],
  [14, "HEAD", { ask: { method: "HEAD", path: API }, status: 200, says: SAYS.nothing }],
  [14, "OPTIONS", { ask: { method: "OPTIONS", path: API }, ...refused }],
  [14, "TRACE", { ask: { method: "TRACE", path: API }, ...refused }],
  [14, "GET with a body", { ask: sent(get(API), JSON_BODY, '{"x":1}'), status: 200, says: /^\{"queues":/ }],
  [15, "a method in a header", { ask: get(RETRY_ALL.path, { "X-HTTP-Method-Override": "PUT" }), ...absent }],
  [15, "a method in the query", { ask: { method: "POST", path: `${RETRY_ALL.path}?_method=PUT` }, ...refused }],
  [16, "doubled slashes", { ask: get("//queues//api/queues"), ...absent }],
  [16, "a dot", { ask: get("/queues/./api/queues"), ...absent }],
  [16, "encoded dots", { ask: get("/queues/%2e%2e/api/queues"), ...absent }],
  [16, "another case", { ask: get("/Queues/api/queues"), ...absent }],
  [16, "a trailing dot", { ask: get("/queues."), ...absent }],
  [16, "a trailing slash", { ask: get(`${API}/`), ...absent }],
  [17, "a NUL in a job's id", { ask: get(`${API}/refresh/a%00b`), ...absent }],
  [17, "a NUL in the id to retry", { ask: { method: "PUT", path: `${API}/refresh/a%00b/retry` }, ...refused }],
  [
    18,
    "an id of 9,000 characters",
    { ask: get(`${API}/refresh/${"9".repeat(9_000)}`), status: 431, says: SAYS.nothing },
  ],
  [18, "an id of 300 characters", { ask: get(`${API}/refresh/${"9".repeat(300)}`), ...absent }],
  [19, "a broken escape", { ask: get("/queues/queue/refresh/%E0%A4%A"), ...absent }],
  [20, "a double escape", { ask: get(`${API}/refresh/%2565`), ...absent }],
  [21, "the queue __proto__", { ask: get(`${API}/__proto__/metrics`), ...absent }],
  [21, "the queue constructor", { ask: { method: "PUT", path: `${API}/constructor/retry/failed` }, ...refused }],
  [22, "an active queue that cannot be decoded", { ask: get(`${API}?activeQueue=%25E0%25A4%25A`), ...bad }],
  [
    22,
    "a scheduler's queue that cannot be decoded",
    { ask: get("/queues/api/job-schedulers?queueName=%25E0%25A4%25A"), ...bad },
  ],
  [23, "a page of 1e9 jobs", { ask: get(`${LIST}&jobsPerPage=1e9`), ...bad }],
  [23, "a page of 1000000000 jobs", { ask: get(`${LIST}&jobsPerPage=1000000000`), ...bad }],
  [23, "a page of -5 jobs", { ask: get(`${LIST}&jobsPerPage=-5`), ...bad }],
  [23, "a page of NaN jobs", { ask: get(`${LIST}&jobsPerPage=NaN`), ...bad }],
  [23, "a page of two numbers", { ask: get(`${LIST}&jobsPerPage=1&jobsPerPage=2`), ...bad }],
  [
    23,
    "a page of a list, which is no parameter",
    { ask: get(`${LIST}&jobsPerPage[]=1`), status: 200, says: /^\{"queues":/ },
  ],
  [24, "page 2^53 + 1", { ask: get(`${LIST}&page=9007199254740993`), ...bad }],
  [25, "an unknown state", { ask: get(`${LIST}&status=nonsense`), status: 400, says: SAYS.badParameter }],
  [26, "broken JSON", { ask: sent(RETRY, JSON_BODY, '{"x": canary'), ...bad }],
  [
    27,
    "200 KB of JSON",
    { ask: sent(RETRY, JSON_BODY, JSON.stringify("x".repeat(200_000))), status: 413, says: SAYS.tooLarge },
  ],
  [27, "JSON 10,000 levels deep", { ask: sent(RETRY, JSON_BODY, nested(10_000)), status: 404, says: SAYS.noJob }],
  [
    28,
    "a body with __proto__",
    { ask: sent(RETRY, JSON_BODY, '{"__proto__":{"x":1}}'), status: 404, says: SAYS.noJob },
  ],
  [
    29,
    "JSON as plain text, which nobody reads",
    { ask: sent(RETRY, { "Content-Type": "text/plain" }, '{"x": canary'), status: 404, says: SAYS.noJob },
  ],
  [
    30,
    "a foreign origin",
    { ask: sent(RETRY_ALL, { "Sec-Fetch-Site": "", Origin: "https://evil.example" }), ...foreign },
  ],
  [31, "the origin null", { ask: sent(RETRY_ALL, { "Sec-Fetch-Site": "", Origin: "null" }), ...foreign }],
  [32, "another site", { ask: sent(RETRY_ALL, CROSS), ...foreign }],
  [32, "a sibling site", { ask: sent(RETRY_ALL, { "Sec-Fetch-Site": "same-site" }), ...foreign }],
  [32, "no site", { ask: sent(RETRY_ALL, { "Sec-Fetch-Site": "" }), ...foreign }],
  [
    33,
    "a token against forgery, which is none of our ways",
    { ask: sent(RETRY_ALL, { ...CROSS, "X-XSRF-TOKEN": "canary", Cookie: "XSRF-TOKEN=canary" }), ...foreign },
  ],
  [
    34,
    "a form of another site",
    { ask: sent({ method: "POST", path: "/logout" }, { ...FORM, ...CROSS }, "a=b"), ...foreign },
  ],
  [
    34,
    "a form that signs in, of another site",
    {
      as: "nobody",
      ask: sent(
        LOGIN,
        { ...FORM, ...CROSS },
        form({ username: CREDENTIALS.user, password: CREDENTIALS.password }).body,
      ),
      ...foreign,
    },
  ],
  [35, "an empty form", { as: "nobody", ask: sent(LOGIN, FORM, ""), status: 400, says: SAYS.missing }],
  [
    35,
    "a password of 1 MB",
    {
      as: "nobody",
      ask: sent(LOGIN, FORM, `username=keeper&password=${"x".repeat(1_000_000)}`),
      status: 413,
      says: SAYS.tooLarge,
    },
  ],
  [
    35,
    "a look-alike",
    {
      as: "nobody",
      ask: sent(LOGIN, FORM, form({ username: "kеeper", password: CREDENTIALS.password }).body),
      status: 401,
      says: SAYS.wrong,
    },
  ],
  [
    35,
    "a password with a NUL",
    {
      as: "nobody",
      ask: sent(LOGIN, FORM, form({ username: "keeper", password: `${CREDENTIALS.password}\0` }).body),
      status: 401,
      says: SAYS.wrong,
    },
  ],
  [
    35,
    "operators of a query language",
    { as: "nobody", ask: sent(LOGIN, FORM, "username[$gt]=&password[$gt]="), status: 400, says: SAYS.missing },
  ],
  [
    35,
    "operators as JSON",
    {
      as: "nobody",
      ask: sent(LOGIN, JSON_BODY, '{"username":{"$gt":""},"password":{"$gt":""}}'),
      status: 400,
      says: SAYS.missing,
    },
  ],
  [
    35,
    "SQL",
    {
      as: "nobody",
      ask: sent(LOGIN, FORM, form({ username: "keeper' OR '1'='1", password: "' OR '1'='1" }).body),
      status: 401,
      says: SAYS.wrong,
    },
  ],
  [
    37,
    "another host",
    {
      as: "nobody",
      ask: get("/queues", { Host: "evil.example" }),
      status: 303,
      location: "/login",
      says: SAYS.signInPage,
    },
  ],
  [
    38,
    "a place to go on to",
    { as: "nobody", ask: get("/login?next=//evil.example"), status: 200, says: /^(?![^]*evil)/ },
  ],
  [
    40,
    "2,000 headers",
    {
      as: "nobody",
      ask: get("/login", Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`X-${index}`, "x"]))),
      status: 431,
      says: SAYS.nothing,
    },
  ],
];

/** Requests that a client of HTTP would not send, as they go over the wire. */
const RAW: readonly (readonly [number: number, what: string, head: string, answer: RegExp])[] = [
  [
    7,
    "a cookie with a NUL",
    `GET ${API} HTTP/1.1\r\nHost: x\r\nCookie: sid=a\0b\r\n\r\n`,
    /^HTTP\/1\.1 400 Bad Request\r\n/,
  ],
  [
    40,
    "two lengths of a body",
    "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /audit HTTP/1.1\r\n\r\n",
    /^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n\r\n$/,
  ],
  // The answer is there, unless the connection is cut while the client still writes.
  [
    40,
    "10,000 headers",
    `GET /login HTTP/1.1\r\nHost: x\r\n${"X-Y: z\r\n".repeat(10_000)}\r\n`,
    /^(?:HTTP\/1\.1 431 [^]*)?$/,
  ],
  [40, "a head that does not end", "GET /login HTTP/1.1\r\nHost: x\r\nX-Slow: ", /^HTTP\/1\.1 408 /],
];

describe("bad requests", () => {
  let board: Running;
  let refresh: Queue;
  const cookies: Record<string, string> = { nobody: "" };
  let before: string;

  beforeAll(async () => {
    board = await startDashboard();
    refresh = new Queue(REFRESH_QUEUE, { connection: board.server.redis, prefix: QUEUE_PREFIX });
    await refresh.add("shop · access_token", {}, { jobId: "kept" });
    for (const role of ["viewer", "operator", "admin"] as const) cookies[role] = await board.session(role);
    before = await content();
  });
  afterAll(async () => {
    await refresh.close();
    await board[Symbol.asyncDispose]();
  });

  /** All that BullMQ keeps, and the sessions' keys. */
  async function content(): Promise<string> {
    const keys = await board.server.redis.keys(`${QUEUE_PREFIX}:*`);
    const dumps = await Promise.all(
      keys.toSorted().map(async (key) => [key, (await board.server.redis.dumpBuffer(key))?.toString("hex")]),
    );
    return JSON.stringify([dumps, (await board.server.redis.keys(sessionKey("*"))).toSorted()]);
  }
  async function requireUnharmed(answer: Pick<Answer, "headers" | "body">): Promise<void> {
    expect(answer.headers["set-cookie"]).toBeUndefined();
    expect(answer.body).not.toMatch(/canary|node_modules|URI malformed|Unexpected token|at .*\.[jt]s/);
    expect(await content()).toBe(before);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
    expect((await board.send({ path: API, headers: { Cookie: cookies["viewer"] } })).status).toBe(200);
  }

  it.each(ROWS)("%i: %s", async (_number, _what, { as = "admin", ask, status, says, location }) => {
    const cookie = cookies[as] ?? "";
    const { headers, ...rest } = typeof ask === "function" ? ask(cookie) : ask;
    const own = { ...(cookie && { Cookie: cookie }), ...headers };

    const answer = await board.sendOwn({ ...rest, headers: own });

    expect(answer.status).toBe(status);
    expect(answer.headers.location).toBe(location);
    expect(answer.body).toMatch(says);
    await requireUnharmed(answer);
  });

  it.each(RAW)("%i: %s", async (...[, , head, expected]) => {
    const { hostname, port } = new URL(board.url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    let body = "";
    socket.on("data", (chunk: Buffer) => (body += chunk.toString()));
    socket.write(head);

    await new Promise((resolve) => socket.once("close", resolve));

    expect(body).toMatch(expected);
    await requireUnharmed({ headers: {}, body });
  });

  it("2 and 3: a cookie whose session has ended, by time or by signing out", async () => {
    const [expired, left] = [await board.session("viewer"), await board.session("viewer")];
    const keys = await board.server.redis.keys(sessionKey("*"));
    await board.sendOwn({ method: "POST", path: "/logout", headers: { Cookie: left } });
    const known = JSON.parse(before) as [unknown, string[]];
    const own = keys.filter((key) => !known[1].includes(key));
    expect(own).toHaveLength(2);
    await board.server.redis.del(own);

    for (const cookie of [expired, left]) {
      const answer = await board.send({ path: API, headers: { Cookie: cookie } });
      expect(answer).toMatchObject({ status: 401, body: expect.stringMatching(SAYS.signIn) });
      await requireUnharmed(answer);
    }
  });

  it("36: 21 fast wrong passwords from 3 forged addresses", { timeout: 120_000 }, async () => {
    await board.server.redis.del(...(await board.server.redis.keys("wx:login:*")));
    const attempts = Array.from({ length: 21 }, (_, attempt) =>
      board.sendOwn({
        ...LOGIN,
        headers: { ...FORM, "X-Forwarded-For": `203.0.113.${attempt % 3}` },
        body: "username=admin&password=wrong",
      }),
    );

    const answers = await Promise.all(attempts);

    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(16);
    const retryAfter = answers.flatMap(({ headers }) => headers["retry-after"] ?? []);
    expect(retryAfter).toEqual(Array.from({ length: 16 }, () => expect.stringMatching(/^\d{2,3}$/)));
  });

  it("37 and 38: neither another host nor a place to go on to changes where a sign-in leads", async () => {
    await board.server.redis.del(...(await board.server.redis.keys("wx:login:*")));
    const { body, headers } = form({ username: CREDENTIALS.user, password: CREDENTIALS.password });

    const answer = await board.sendOwn({
      method: "POST",
      path: "/login?next=//evil.example",
      headers: { ...headers, Host: "evil.example" },
      body,
    });

    expect(answer).toMatchObject({ status: 303, headers: { location: "/" } });
    expect(JSON.stringify(answer.headers["set-cookie"])).not.toMatch(/domain|evil/i);
  });

  it("39: a hostile name is data, not a page", async () => {
    const hostile = "<img src=x onerror=alert(1)></script>";
    const job = await refresh.add(hostile, { account: hostile }, { jobId: "hostile" });

    const answer = await board.send({ path: `${API}/refresh/hostile`, headers: { Cookie: cookies["viewer"] } });

    expect(answer).toMatchObject({
      status: 200,
      headers: { "content-type": expect.stringContaining("application/json"), "x-content-type-options": "nosniff" },
    });
    await job.remove();
  });

  it("40: no page may be framed", async () => {
    for (const path of ["/login", "/queues", "/audit", "/logout", "/nothing"]) {
      const { headers } = await board.send({ path, headers: { Cookie: cookies["admin"] } });

      expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
      expect(headers["x-frame-options"]).toBe("DENY");
    }
  });

  it("are all 40 of the list", async () => {
    const inTables = [...ROWS, ...RAW].map(([number]) => number);

    expect([...new Set([...inTables, 2, 3, 36, 39])].toSorted((one, other) => one - other)).toEqual(
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
  });
});
