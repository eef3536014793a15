// Who may do what: every route of Bull Board and every route of ours, for nobody and for each role, over real HTTP.
import { appRoutes } from "@bull-board/api/dist/routes.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROLES, type Role } from "@tokenkeeper/ops";
import { REFUSALS } from "../../packages/dashboard/src/texts.ts";
import { startDashboard, type Answer, type Running } from "./running.ts";

const API = "/queues/api";
const ACCOUNT = "wx0000000000000000";

/** The least role for each route of Bull Board 9.10.1 that somebody may use. A new one must be decided on here. */
const BOARD: Readonly<Record<string, Role>> = {
  "GET /": "viewer",
  "GET /metrics-history": "viewer",
  "GET /job-schedulers": "viewer",
  "GET /queue/:queueName": "viewer",
  "GET /queue/:queueName/:jobId": "viewer",
  "GET /api/redis/stats": "viewer",
  "GET /api/queues": "viewer",
  "GET /api/job-schedulers": "viewer",
  "GET /api/queues/:queueName/metrics": "viewer",
  "GET /api/queues/:queueName/default-job-options": "viewer",
  "GET /api/queues/:queueName/workers": "operator",
  "GET /api/queues/:queueName/rate-limit": "viewer",
  "GET /api/queues/:queueName/job-data-schema": "viewer",
  "GET /api/queues/:queueName/:jobId/logs": "viewer",
  "GET /api/queues/:queueName/:jobId/flow": "viewer",
  "GET /api/queues/:queueName/:jobId": "viewer",
  "PUT /api/queues/:queueName/retry/:queueStatus": "operator",
  "PUT /api/queues/:queueName/:jobId/retry": "operator",
};

/** The least role for each route of ours. */
const OWN: readonly (readonly [method: string, path: string, least: Role | "anyone"])[] = [
  ["GET", "/healthz", "anyone"],
  ["GET", "/readyz", "anyone"],
  ["GET", "/login", "anyone"],
  ["GET", "/login.css", "anyone"],
  ["GET", "/icon.svg", "anyone"],
  ["GET", "/", "viewer"],
  ["GET", "/board.css", "viewer"],
  ["GET", "/logout", "viewer"],
  ["GET", `/credentials/${ACCOUNT}/access_token`, "viewer"],
  ["GET", "/fleet", "viewer"],
  ["GET", "/api/credentials", "viewer"],
  ["GET", `/api/credentials/${ACCOUNT}/access_token`, "viewer"],
  ["GET", "/api/fleet", "viewer"],
  ["POST", `/api/credentials/${ACCOUNT}/access_token/refresh`, "operator"],
  ["POST", "/api/jobs/rerun", "operator"],
  ["POST", `/api/credentials/${ACCOUNT}/access_token/force`, "admin"],
  ["POST", `/api/accounts/${ACCOUNT}/reset-quota`, "admin"],
  ["POST", `/api/accounts/${ACCOUNT}/pause`, "admin"],
  ["POST", `/api/accounts/${ACCOUNT}/resume`, "admin"],
  ["GET", "/audit", "admin"],
  ["GET", "/audit.css", "admin"],
  ["GET", "/audit.js", "admin"],
  ["GET", "/api/audit", "admin"],
];

const BOARD_ROUTES = [appRoutes.entryPoint, ...appRoutes.api].flatMap(({ method, route }) =>
  [method].flat().flatMap((one) => [route].flat().map((path) => ({ method: one.toUpperCase(), route: path }))),
);

/** What stands in the board's paths where a job's id may stand as well. */
const WORDS_LIKE_JOBS = [
  ...new Set(BOARD_ROUTES.flatMap(({ route }) => /^\/api\/queues\/:queueName\/([^:/]+)/.exec(route)?.slice(1) ?? [])),
];

const NOT_FOUND = JSON.stringify({ error: REFUSALS.notFound });

type Verdict = "let through" | "sent to sign in" | "denied";

describe("roles", () => {
  let board: Running;
  const cookies = new Map<Role, string>();

  beforeAll(async () => {
    board = await startDashboard();
    for (const role of ROLES) cookies.set(role, await board.session(role));
  });
  afterAll(() => board[Symbol.asyncDispose]());

  async function verdictOf(role: Role | undefined, method: string, path: string): Promise<Verdict> {
    const cookie = role && cookies.get(role);
    const answer = await board.sendOwn({ method, path, headers: cookie ? { Cookie: cookie } : {} });
    return verdictIn(answer);
  }

  it("are decided on for every route that Bull Board has", () => {
    const reads = BOARD_ROUTES.filter(({ method }) => method === "GET").map(({ route }) => `GET ${route}`);
    const allowed = Object.keys(BOARD);

    expect(allowed.filter((route) => route.startsWith("GET ")).toSorted()).toEqual([...new Set(reads)].toSorted());
    expect(BOARD_ROUTES.map(({ method, route }) => `${method} ${route}`)).toEqual(expect.arrayContaining(allowed));
  });

  it.each(BOARD_ROUTES)("hold for $method $route of Bull Board", async ({ method, route }) => {
    for (const [queue, status] of [
      ["refresh", "failed"],
      ["refresh", "completed"],
      ["schedule", "failed"],
    ] as const) {
      const path = `/queues${route}`
        .replace(/\/$/, "")
        .replace(":queueName", queue)
        .replace(":jobId", "17")
        .replace(":schedulerId", "sweep")
        .replace(":queueStatus", status);
      const least = leastRole({ method, route, queue, status });

      for (const role of [undefined, ...ROLES]) {
        expect({ role, path, verdict: await verdictOf(role, method, path) }).toEqual({
          role,
          path,
          verdict: expectedOf(role, least),
        });
      }
    }
  });

  it.each(BOARD_ROUTES)("hold for no other spelling of $method $route of Bull Board", async ({ method, route }) => {
    const path = `/queues${route}`.replace(/\/$/, "").replace(":queueName", "refresh");
    const refusal = method === "GET" ? { status: 404, body: NOT_FOUND } : { status: 403 };
    for (const spelling of otherSpellings(path)) {
      for (const role of ROLES) {
        const asked = { method, path: spelling, headers: { Cookie: cookies.get(role) } };
        expect({ role, spelling, ...(await board.sendOwn(asked)) }).toMatchObject({ role, spelling, ...refusal });
      }
    }
  });

  it.each(WORDS_LIKE_JOBS)("take %s of Bull Board's paths for no job's id", async (word) => {
    for (const id of [word, word.toUpperCase()]) {
      for (const role of ROLES) {
        const answer = await board.sendOwn({
          method: "PUT",
          path: `${API}/queues/refresh/${id}/retry`,
          headers: { Cookie: cookies.get(role) },
        });
        expect({ role, id, verdict: verdictIn(answer) }).toEqual({ role, id, verdict: "denied" });
      }
    }
  });

  it.each(OWN)("hold for %s %s", async (method, path, least) => {
    for (const role of [undefined, ...ROLES]) {
      const verdict = await verdictOf(role, method, path);
      expect({ role, verdict }).toEqual({
        role,
        verdict: least === "anyone" ? "let through" : expectedOf(role, least),
      });
    }
  });

  it.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])("let nobody %s what is only read", async (method) => {
    for (const [, path] of OWN.filter(([read, own]) => read === "GET" && own !== "/logout" && own !== "/login")) {
      for (const role of [undefined, ...ROLES]) {
        expect({ path, verdict: await verdictOf(role, method, path) }).toEqual({ path, verdict: "denied" });
      }
    }
  });

  it("that do not suffice are told so, with the one that does", async () => {
    const headers = { Cookie: cookies.get("viewer") };

    const retry = await board.sendOwn({ method: "PUT", path: `${API}/queues/refresh/17/retry`, headers });
    const audit = await board.send({ path: "/audit", headers });

    expect(retry).toMatchObject({ status: 403, body: expect.stringContaining("needs the role operator") });
    expect(audit).toMatchObject({ status: 403, body: expect.stringContaining("需要管理员") });
  });
});

/** The path with one of its own words in upper case, each in turn, and with all of them so. */
function otherSpellings(path: string): string[] {
  const filled = path.replace(":jobId", "17").replace(":schedulerId", "sweep").replace(":queueStatus", "failed");
  const isWord = path.split("/").map((part) => part !== "" && !part.startsWith(":") && part !== "refresh");
  const upper = (those: (index: number) => boolean): string =>
    filled
      .split("/")
      .map((part, index) => (isWord[index] && those(index) ? part.toUpperCase() : part))
      .join("/");
  const each = isWord.flatMap((is, index) => (is ? [upper((at) => at === index)] : []));
  return [...new Set([...each, upper(() => true)])];
}

function leastRole(at: { method: string; route: string; queue: string; status: string }): Role | undefined {
  const least = BOARD[`${at.method} ${at.route}`];
  if (at.method === "GET") return least;
  const isOurs = at.queue === "refresh" && (at.status === "failed" || !at.route.includes(":queueStatus"));
  return isOurs ? least : undefined;
}

function expectedOf(role: Role | undefined, least: Role | undefined): Verdict {
  if (least === undefined) return "denied";
  if (role === undefined) return "sent to sign in";
  return ROLES.indexOf(role) >= ROLES.indexOf(least) ? "let through" : "denied";
}

/** The gate's own answers; what it lets through may still not be found. */
function verdictIn({ status, headers, body }: Answer): Verdict {
  if (status === 401 || (status === 303 && headers.location?.split("?")[0] === "/login")) return "sent to sign in";
  return status === 403 && body.startsWith('{"error":"Not allowed') ? "denied" : "let through";
}
