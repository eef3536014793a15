import { appRoutes } from "@bull-board/api/dist/routes.js";
import { REFRESH_QUEUE, SCHEDULE_QUEUE } from "@tokenkeeper/core";
import { QUEUE_PREFIX } from "@tokenkeeper/shared/contract";
import { Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startDashboard, type Running } from "./running.ts";

interface BoardRoute {
  readonly method: string;
  readonly route: string;
}

/** Every route that Bull Board itself has, one line for each method. */
const ROUTES: readonly BoardRoute[] = [appRoutes.entryPoint, ...appRoutes.api].flatMap(({ method, route }) =>
  [method].flat().flatMap((one) => [route].flat().map((path) => ({ method: one.toUpperCase(), route: path }))),
);
const READS = ROUTES.filter(({ method }) => method === "GET");
const WRITES = ROUTES.filter(({ method }) => method !== "GET");
const RETRY_ONE = "/api/queues/:queueName/:jobId/retry";
const RETRY_ALL = "/api/queues/:queueName/retry/:queueStatus";

const failedId = "failed-1";
const completedId = "completed-1";
const schedulerId = "tick-wx1234567890abcdef-access_token";

describe("routes", () => {
  let board: Running;
  let cookie: string;
  let refresh: Queue;
  let schedule: Queue;

  beforeAll(async () => {
    board = await startDashboard();
    const connection = { connection: board.server.redis, prefix: QUEUE_PREFIX };
    refresh = new Queue(REFRESH_QUEUE, connection);
    schedule = new Queue(SCHEDULE_QUEUE, connection);
  });
  afterAll(async () => {
    await refresh.close();
    await schedule.close();
    await board[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await board.server.redis.flushall();
    cookie = await board.session();
    await fillQueues({ refresh, schedule, redis: board.server.redis });
  });

  it("has every write of Bull Board in view", () => {
    expect(WRITES.length).toBeGreaterThan(20);
    expect(WRITES.map(({ route }) => route)).toEqual(expect.arrayContaining([RETRY_ONE, RETRY_ALL]));
  });

  it("denies every write of Bull Board but the two retries, with and without a session, and nothing changes", async () => {
    const before = await contentOf(board.server.redis);
    const denied = WRITES.flatMap((write) =>
      pathsOf(write.route).map((path) => ({ method: write.method, path })),
    ).filter(({ path }) => !isAllowed(path));
    expect(denied.length).toBeGreaterThan(2 * (WRITES.length - 2));

    for (const { method, path } of denied) {
      for (const headers of [{}, { Cookie: cookie }]) {
        const answer = await board.sendOwn({
          method,
          path,
          headers: { "Content-Type": "application/json", ...headers },
          body: JSON.stringify({ force: true, name: "x", data: {}, every: 1, concurrency: 0 }),
        });
        expect({ method, path, status: answer.status }).toEqual({ method, path, status: 403 });
        expect(answer.body).toMatch(/^\{"error":"Not allowed: /);
      }
    }
    expect(await contentOf(board.server.redis)).toEqual(before);
  });

  it("denies methods that Bull Board has no route for", async () => {
    for (const method of ["DELETE", "POST", "PATCH", "OPTIONS", "TRACE", "PROPFIND"]) {
      const answer = await board.sendOwn({
        method,
        path: `/queues/api/queues/refresh/${failedId}/retry`,
        headers: { Cookie: cookie },
      });
      expect({ method, status: answer.status }).toEqual({ method, status: 403 });
    }
  });

  it.each([
    "/queues/api/queues/refresh/pause/",
    "//queues/api/queues/refresh/pause",
    "/queues//api/queues/refresh/pause",
    "/queues/./api/queues/refresh/pause",
    "/queues/%2e/api/queues/refresh/pause",
    "/queues/api/queues/refresh/failed-1/retry/../../pause",
    "/queues/api/queues/refresh/failed-1/%2e%2e/pause",
    "/queues/api/queues/refresh/failed-1%2fretry/pause",
    "/Queues/api/queues/refresh/pause",
    "/QUEUES/API/QUEUES/REFRESH/PAUSE",
    "/queues/api/queues/refresh/failed-1/RETRY",
    "/queues/api/queues/refresh/failed-1/retry/",
    "/queues/api/queues/refresh/failed-1%00/retry",
    "/queues/api/queues/refresh/%2565/retry",
    "/queues/api/queues/refresh/%E0%A4%A/retry",
    `/queues/api/queues/refresh/${"9".repeat(201)}/retry`,
    "/queues/api/queues/__proto__/failed-1/retry",
    "/queues/api/queues/constructor/retry/failed",
    "/queues/api/queues/schedule/failed-1/retry",
    "/queues/api/queues/refresh/retry/completed",
    "/queues/api/queues/refresh/retry/failed;x",
    "/queues/api/queues/%72efresh/retry/failed",
  ])("is not led round the table by PUT %s", async (path) => {
    const before = await contentOf(board.server.redis);

    const answer = await board.sendOwn({
      method: "PUT",
      path,
      headers: { Cookie: cookie, "X-HTTP-Method-Override": "GET" },
    });

    expect(answer.status).toBe(403);
    expect(await contentOf(board.server.redis)).toEqual(before);
  });

  it("retries one failed job", async () => {
    const path = `/queues/api/queues/refresh/${failedId}/retry`;
    expect((await board.sendOwn({ method: "PUT", path })).status).toBe(401);
    expect(await (await refresh.getJob(failedId))?.getState()).toBe("failed");

    expect((await board.sendOwn({ method: "PUT", path, headers: { Cookie: cookie } })).status).toBe(204);
    expect(await (await refresh.getJob(failedId))?.getState()).toBe("waiting");
  });

  it("retries all failed jobs of refresh", async () => {
    const path = "/queues/api/queues/refresh/retry/failed";
    expect((await board.sendOwn({ method: "PUT", path })).status).toBe(401);

    const answer = await board.sendOwn({ method: "PUT", path, headers: { Cookie: cookie } });

    expect(answer).toMatchObject({ status: 200, body: JSON.stringify({ retried: 2, skipped: 0 }) });
    expect(await refresh.getJobCountByTypes("failed")).toBe(0);
  });

  it("does not run a completed job again", async () => {
    const path = `/queues/api/queues/refresh/${completedId}/retry`;

    expect((await board.sendOwn({ method: "PUT", path, headers: { Cookie: cookie } })).status).toBe(403);
    expect(await (await refresh.getJob(completedId))?.getState()).toBe("completed");
  });

  it("shows nothing without a session: pages lead to the login, the API answers 401", async () => {
    expect(READS.length).toBeGreaterThan(10);
    for (const path of READS.flatMap(({ route }) => pathsOf(route))) {
      for (const headers of [
        {},
        { Cookie: "sid=" },
        { Cookie: `sid=${"A".repeat(43)}` },
        { Cookie: `${cookie}; ${cookie}` },
      ]) {
        const { status, headers: got, body } = await board.send({ path, headers });
        const isApi = path.startsWith("/queues/api/");
        expect({ path, status, location: got.location }).toEqual({
          path,
          status: isApi ? 401 : 303,
          location: isApi ? undefined : "/login",
        });
        expect(body.startsWith('{"error":"The sign-in has ended')).toBe(isApi);
      }
    }
    for (const path of ["/", "/logout", "/queues/static/favicon.ico", "/board.css"]) {
      expect((await board.send({ path })).headers.location).toBe("/login");
    }
  });

  it("shows all of Bull Board's pages and data with a session", async () => {
    for (const path of READS.flatMap(({ route }) => pathsOf(route))) {
      const { status } = await board.send({ path, headers: { Cookie: cookie } });
      expect(path.endsWith("/redis/stats") ? [`${path} 403`] : [`${path} 200`, `${path} 404`]).toContain(
        `${path} ${status}`,
      );
    }
    expect(await board.send({ path: "/", headers: { Cookie: cookie } })).toMatchObject({
      status: 200,
      body: expect.stringContaining("/ui/client/main.ts"),
    });
    const listed = await board.send({
      path: "/queues/api/queues?activeQueue=refresh&status=failed&page=1&jobsPerPage=10",
      headers: { Cookie: cookie },
    });
    expect(listed.body).toContain("40164 · add 203.0.113.7 to the whitelist");
    expect(JSON.parse(listed.body)).toMatchObject({
      queues: [
        { name: "refresh", readOnlyMode: false, allowRetries: true, allowCompletedRetries: false },
        { name: "schedule", readOnlyMode: true },
        { name: "alerts", readOnlyMode: false, allowRetries: true, allowCompletedRetries: false },
      ],
    });
    const schedulers = await board.send({ path: "/queues/api/job-schedulers", headers: { Cookie: cookie } });
    expect(schedulers.body).toContain(schedulerId);
  });

  it.each([
    ["/queues/api/queues?activeQueue=%25E0%25A4%25A", 400],
    ["/queues/queue/%E0%A4%A", 404],
    ["/queues/api/queues?jobsPerPage=-5&activeQueue=refresh", 400],
    ["/queues/api/queues?status=nonsense&activeQueue=refresh", 400],
    ["/queues/api/queues/__proto__/workers", 404],
    ["/queues/api/queues/refresh/%00", 404],
    ["/nothing", 404],
    ["/queues/static/../../package.json", 404],
  ])("answers %s with %i and no words of others", async (path, status) => {
    const answer = await board.send({ path, headers: { Cookie: cookie } });

    expect(answer.status).toBe(status);
    expect(answer.body).not.toMatch(/URI malformed|Failed to decode|node_modules|at .*\.js/);
  });

  it("refuses a body that is too large or not JSON before Bull Board sees it", async () => {
    const retry = { method: "PUT", path: `/queues/api/queues/refresh/${failedId}/retry` };
    const headers = { Cookie: cookie, "Content-Type": "application/json" };

    const large = await board.sendOwn({ ...retry, headers, body: JSON.stringify({ x: "x".repeat(70_000) }) });
    const broken = await board.sendOwn({ ...retry, headers, body: '{"x": canary' });

    expect([large.status, broken.status]).toEqual([413, 400]);
    expect(broken.body).not.toContain("canary");
    expect(await (await refresh.getJob(failedId))?.getState()).toBe("failed");
  });
});

/** The paths of a route for both queues, both states, and jobs that exist. */
function pathsOf(route: string): string[] {
  const combinations = [REFRESH_QUEUE, SCHEDULE_QUEUE].flatMap((queue) =>
    ["failed", "completed"].map((status) =>
      route
        .replace(":queueName", queue)
        .replace(":jobId", failedId)
        .replace(":schedulerId", schedulerId)
        .replace(":queueStatus", status),
    ),
  );
  return [...new Set(combinations)].map((path) => `/queues${path}`);
}

function isAllowed(path: string): boolean {
  return [`/queues/api/queues/refresh/${failedId}/retry`, "/queues/api/queues/refresh/retry/failed"].includes(path);
}

/** Two failed jobs, a completed, a delayed, and a job scheduler. */
async function fillQueues({
  refresh,
  schedule,
  redis,
}: {
  refresh: Queue;
  schedule: Queue;
  redis: Redis;
}): Promise<void> {
  const data = { account: "wx1234567890abcdef", kind: "access_token", reason: "plan" };
  await refresh.add("shop · access_token", data, { jobId: "plan", delay: 600_000 });
  for (const jobId of [failedId, "failed-2", completedId]) await refresh.add("shop · access_token", data, { jobId });
  await schedule.upsertJobScheduler(schedulerId, { every: 3_600_000, offset: 1 }, { name: "shop · access_token" });
  const worker = new Worker(
    REFRESH_QUEUE,
    async (job) => {
      if (job.id !== completedId) throw new Error("40164 · add 203.0.113.7 to the whitelist");
    },
    { connection: redis, prefix: QUEUE_PREFIX },
  );
  const done = (): Promise<number> => refresh.getJobCountByTypes("failed", "completed");
  await eventually(async () => expect(await done()).toBe(3), { what: "three finished jobs" });
  await worker.close();
}

/** Everything that BullMQ keeps, byte for byte. */
async function contentOf(redis: Redis): Promise<Record<string, string>> {
  const keys = (await redis.keys(`${QUEUE_PREFIX}:*`)).toSorted();
  const dumps = await Promise.all(keys.map(async (key) => [key, (await redis.dumpBuffer(key))?.toString("hex") ?? ""]));
  return Object.fromEntries(dumps) as Record<string, string>;
}
