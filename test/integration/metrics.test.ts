// What Prometheus and probes get from both processes while things go well and badly.
import { ALERTS_QUEUE, createLog } from "@tokenkeeper/core";
import { createDashboard, type Dashboard } from "@tokenkeeper/dashboard";
import { anyFreePort } from "@tokenkeeper/launcher";
import { MINUTE } from "@tokenkeeper/shared/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DASHBOARD_METRICS } from "../../packages/dashboard/src/metrics/dashboard-metrics.ts";
import { WORKER_METRICS } from "../../packages/worker/src/metrics/worker-metrics.ts";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";

const USER = { user: "keeper", password: "correct horse battery" } as const;
const GARBAGE = "<html>upstream key=LEAKCANARY0123456789</html>";

let world: World;
let workerPort: number;
let dashboard: Dashboard;

async function get(port: number | undefined, path: string): Promise<{ status: number; body: string; type: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return {
    status: response.status,
    body: await response.text(),
    type: response.headers.get("content-type") ?? "",
  };
}

const read = async (port: number | undefined): Promise<string> => (await get(port, "/metrics")).body;

/** Value of the series that has all these labels; of several the sum. */
function valueOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  const matching = lines.filter((line) => wanted.every((each) => line.includes(each)));
  return matching.length === 0
    ? Number.NaN
    : matching.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

const silent = createLog({ name: "test", level: "silent", pretty: false });

function startDashboard(metrics: { port: number; explicit: boolean }): Promise<Dashboard> {
  return createDashboard({
    redisUrl: world.redis.url,
    host: "127.0.0.1",
    port: 0,
    credentials: USER,
    publicUrl: undefined,
    metrics: { host: "127.0.0.1", ...metrics },
    log: silent,
  });
}

describe("metrics and probes", () => {
  beforeAll(async () => {
    world = await startWorld({
      accounts: [
        { name: "shop", token: "classic", tickets: ["jsapi"] },
        { name: "stable" },
        { name: "refused", wechat: { whitelist: ["198.51.100.1"] } },
        { name: "garbage", token: "classic" },
      ],
    });
    const { control } = world.simulator;
    control.addFault(world.appId("garbage"), { call: "token", fault: { type: "body", body: GARBAGE }, times: 1 });
    workerPort = await anyFreePort();
    await world.startRuntime({ config: { ...world.config(), healthPort: workerPort } });
    dashboard = await startDashboard({ port: 0, explicit: true });
    const patient = world.client({ waitMs: 40_000 });
    for (const name of ["shop", "stable", "garbage"]) await patient.getAccessToken(name);
    await patient.getTicket("shop", "jsapi");
  }, 2 * MINUTE);
  afterAll(async () => {
    await dashboard.close();
    await world[Symbol.asyncDispose]();
  });

  it("count what a worker does: successes, failures, unknown outcomes and settles", async () => {
    const token = { kind: "access_token", mode: "classic" };
    await eventually(
      async () => {
        const text = await read(workerPort);
        expect(valueOf(text, "wxtok_settle_refresh_total", { kind: "access_token" })).toBeGreaterThanOrEqual(1);
      },
      { what: "the settle", timeoutMs: 30_000 },
    );
    const text = await read(workerPort);

    expect(valueOf(text, "wxtok_refresh_total", { ...token, outcome: "refreshed" })).toBeGreaterThanOrEqual(2);
    expect(valueOf(text, "wxtok_refresh_total", { outcome: "needs_person" })).toBeGreaterThanOrEqual(1);
    expect(valueOf(text, "wxtok_refresh_total", { ...token, outcome: "unknown_outcome" })).toBeGreaterThanOrEqual(1);
    expect(valueOf(text, "wxtok_outcome_unknown_total")).toBeGreaterThanOrEqual(1);
    expect(valueOf(text, "wxtok_refresh_duration_seconds_count", token)).toBeGreaterThanOrEqual(3);
    expect(valueOf(text, "wxtok_wechat_requests_total", { endpoint: "classic_token", result: "malformed" })).toBe(1);
    expect(valueOf(text, "wxtok_wechat_requests_total", { endpoint: "stable_token", result: "ok" })).toBeGreaterThan(0);
    expect(valueOf(text, "wxtok_wechat_requests_total", { endpoint: "jsapi_ticket", result: "ok" })).toBeGreaterThan(0);
    expect(valueOf(text, "wxtok_wechat_errcode_total", { endpoint: "stable_token", errcode: "40164" })).toBeGreaterThan(
      0,
    );
    expect(valueOf(text, "wxtok_commit_repaired_total")).toBe(0);
    expect(valueOf(text, "wxtok_config_last_reload_successful")).toBe(1);
    expect(valueOf(text, "process_resident_memory_bytes")).toBeGreaterThan(0);
  });

  it("count reports and foreign refreshes", async () => {
    const token = await world.tokens.getAccessToken("shop");
    await world.tokens.report("shop", "75_not_stored_any_more");
    world.simulator.control.expire(world.appId("shop"), { what: "classic" });
    await world.tokens.report("shop", token);

    await eventually(
      async () => {
        const text = await read(workerPort);
        expect(valueOf(text, "wxtok_invalid_report_total", { result: "stale" })).toBe(1);
        expect(valueOf(text, "wxtok_invalid_report_total", { result: "foreign" })).toBe(1);
        expect(valueOf(text, "wxtok_foreign_rotation_total", { name: "shop" })).toBe(1);
        expect(valueOf(text, "wxtok_refresh_total", { reason: "reported", outcome: "refreshed" })).toBe(1);
      },
      { what: "the reports", timeoutMs: 20_000 },
    );
  });

  it("tell of the dashboard what its pages show, and count who signs in", async () => {
    const signIn = (password: string): Promise<Response> =>
      fetch(`${dashboard.url}/login`, {
        method: "POST",
        redirect: "manual",
        headers: { "Sec-Fetch-Site": "same-origin" },
        body: new URLSearchParams({ username: USER.user, password }),
      });
    await signIn("a wrong password");
    await signIn(USER.password);
    await eventually(
      async () => {
        const text = await read(dashboard.metricsPort);
        expect(valueOf(text, "wxtok_credentials", { state: "blocked" })).toBe(1);
        expect(valueOf(text, "wxtok_credentials_failing", { class: "needs_person" })).toBe(1);
        expect(valueOf(text, "wxtok_foreign_refresh_timestamp_seconds", { name: "shop" })).toBeGreaterThan(1e9);
      },
      { what: "what the worker wrote", timeoutMs: 20_000 },
    );
    const text = await read(dashboard.metricsPort);

    expect(valueOf(text, "wxtok_credentials")).toBe(5);
    expect(valueOf(text, "wxtok_credentials_unserved")).toBe(1);
    const ends = valueOf(text, "wxtok_token_expiration_timestamp_seconds", { name: "stable", kind: "access_token" });
    expect(ends).toBeGreaterThan(Date.now() / 1_000);
    expect(valueOf(text, "wxtok_token_refresh_due_timestamp_seconds", { name: "stable" })).toBeLessThan(ends);
    expect(valueOf(text, "wxtok_quota_used_ratio", { name: "garbage" })).toBeGreaterThan(0);
    expect(valueOf(text, "wxtok_worker_heartbeat_timestamp_seconds")).toBeGreaterThan(1e9);
    expect(valueOf(text, "wxtok_redis_risk")).toBe(0);
    expect(valueOf(text, "bullmq_job_count", { queue: "refresh", state: "failed" })).toBeGreaterThan(0);
    expect(valueOf(text, "bullmq_job_count", { queue: ALERTS_QUEUE, state: "failed" })).toBe(0);
    expect(valueOf(text, "wxtok_dashboard_auth_total", { result: "refused" })).toBe(1);
    expect(valueOf(text, "wxtok_dashboard_auth_total", { result: "done" })).toBe(1);
  });

  it("hold no secret, and only what the tables of the docs name", async () => {
    const { redis } = world.redis;
    const records = (await redis.keys("wx:tok:*")).map((key) => redis.hget(key, "value"));
    const tokens = (await Promise.all(records)).map((value) => value ?? "");
    const secrets = world.config().accounts.map(({ secret }) => secret.reveal());
    const canaries = [...tokens, ...secrets, "LEAKCANARY", USER.password, "a wrong password", GARBAGE];
    const texts = [await read(workerPort), await read(dashboard.metricsPort)];

    expect(tokens).toHaveLength(4);
    for (const text of texts) {
      expect(text).toContain("wxtok_");
      for (const canary of canaries) expect(text).not.toContain(canary.slice(0, 12));
      const names = [...text.matchAll(/^# TYPE ((?:wxtok|bullmq)_\w+)/gm)].map(([, name]) => name);
      expect(names.filter((name) => !Object.hasOwn({ ...WORKER_METRICS, ...DASHBOARD_METRICS }, name ?? ""))).toEqual(
        [],
      );
    }
  });

  it("keep nobody from the pages when the default port is taken, and end the start when another one was set", async () => {
    const without = await startDashboard({ port: workerPort, explicit: false });
    const page = await fetch(`${without.url}/healthz`);
    await without.close();

    expect([without.metricsPort, page.status]).toEqual([undefined, 200]);
    await expect(startDashboard({ port: workerPort, explicit: true })).rejects.toThrow(
      `The dashboard cannot listen for metrics at 127.0.0.1 port ${workerPort}: another program does`,
    );
  });

  it("answer nothing else, and say no with a word while Redis is away", async () => {
    for (const port of [workerPort, dashboard.metricsPort]) {
      expect(await get(port, "/livez")).toMatchObject({ status: 200, body: '{"status":"live"}' });
      expect(await get(port, "/healthz")).toMatchObject({ status: 200, body: '{"status":"ok"}' });
      await eventually(async () => expect(await get(port, "/readyz")).toMatchObject({ status: 200 }), {
        what: "readiness",
      });
      expect(await get(port, "/")).toMatchObject({ status: 404 });
      expect(await get(port, "/api/fleet")).toMatchObject({ status: 404 });
      expect((await get(port, "/metrics")).type).toContain("text/plain; version=0.0.4");
    }
    await world.redis.down();

    for (const port of [workerPort, dashboard.metricsPort]) {
      await eventually(
        async () => expect(await get(port, "/readyz")).toMatchObject({ status: 503, body: '{"status":"not ready"}' }),
        { what: "no readiness", timeoutMs: 20_000 },
      );
      expect(await get(port, "/livez")).toMatchObject({ status: 200 });
    }
    const text = await read(dashboard.metricsPort);
    expect(valueOf(text, "wxtok_credentials")).toBeNaN();
    expect(valueOf(text, "wxtok_dashboard_auth_total", { result: "done" })).toBe(1);
    await world.redis.restart();

    for (const port of [workerPort, dashboard.metricsPort]) {
      await eventually(async () => expect(await get(port, "/readyz")).toMatchObject({ status: 200 }), {
        what: "readiness again",
        timeoutMs: 30_000,
      });
    }
  });
});
