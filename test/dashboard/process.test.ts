import { anyFreePort } from "@tokenkeeper/launcher";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { formatHash, hashPassword, SALT_BYTES } from "@tokenkeeper/ops";
import { eventually } from "../support/eventually.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";

const MAIN = fileURLToPath(new URL("../../packages/dashboard/src/main.ts", import.meta.url));
const PASSWORD = "canary-password-1";

interface Started {
  readonly child: ChildProcess;
  output(): string;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

describe("the dashboard's process", () => {
  let server: TestRedis;
  let port: number;
  let running: Started[] = [];

  beforeAll(async () => {
    server = await startTestRedis();
    port = await anyFreePort();
  });
  afterAll(async () => {
    await server.stop();
  });
  afterEach(() => {
    for (const { child } of running) child.kill("SIGKILL");
    running = [];
  });

  function start(env: Record<string, string>): Started {
    const child = fork(MAIN, [], {
      env: { REDIS_URL: server.url, DASHBOARD_PASSWORD: PASSWORD, DASHBOARD_PORT: String(port), ...env },
      silent: true,
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (text += String(chunk)));
    const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | string);
    const started = { child, output: () => text, ended };
    running.push(started);
    return started;
  }

  async function startAndWait(env: Record<string, string> = {}): Promise<Started> {
    const started = start(env);
    await eventually(() => expect(started.output()).toContain("dashboard.started"), { what: "the dashboard to start" });
    return started;
  }

  it.each([
    [
      "no password",
      { DASHBOARD_PASSWORD: "" },
      "DASHBOARD_PASSWORD: expected a password of at least 8 characters (or DASHBOARD_USERS, a file of users), got nothing",
    ],
    [
      "a short password",
      { DASHBOARD_PASSWORD: "canary" },
      "DASHBOARD_PASSWORD: expected a password of at least 8 characters",
    ],
    ["no Redis", { REDIS_URL: "" }, "REDIS_URL: expected a URL that begins with redis:// or rediss://, got nothing"],
    ["a default password", { DASHBOARD_PASSWORD: "changeme" }, "DASHBOARD_PASSWORD: expected a password that is not"],
    ["a wrong port", { DASHBOARD_PORT: "80800" }, "DASHBOARD_PORT: expected a port from 1 to 65535"],
  ])("refuses to start with %s", async (_what, env, message) => {
    const started = start(env);

    expect(await started.ended).toBe(78);
    expect(started.output()).toContain(message);
    expect(started.output()).not.toContain("canary");
  });

  it("starts with a file of users alone, and refuses to start with a broken one", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tokenkeeper-users-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, "users.yaml");
    const env = { DASHBOARD_PASSWORD: "", DASHBOARD_USERS: file };
    await writeFile(file, "users: [{ name: li, role: boss, password: canary }, { name: Li, role: admin }]");
    const refused = start(env);

    expect(await refused.ended).toBe(78);
    for (const place of ["users[0].role", "users[0].password", "users[1].password", "users[1].name"]) {
      expect(refused.output()).toContain(`DASHBOARD_USERS ${place}: expected `);
    }
    expect(refused.output()).not.toContain("canary");

    const hash = formatHash(await hashPassword(PASSWORD, Buffer.alloc(SALT_BYTES)));
    await writeFile(file, `users: [{ name: li, role: admin, password: "${hash}" }]`);
    const started = await startAndWait(env);
    expect(started.output()).not.toContain(hash);
  });

  it("says so when Redis does not answer", async () => {
    const nobody = await anyFreePort();
    const started = start({ REDIS_URL: `redis://:canary@127.0.0.1:${nobody}` });

    expect(await started.ended).toBe(69);
    expect(started.output()).toContain("Redis does not answer, or refuses the user or password in REDIS_URL.");
    expect(started.output()).not.toMatch(/canary|\n\s+at /);
  });

  it("says so when Redis refuses the password", async () => {
    const url = new URL(server.url);
    url.password = "canary";
    const started = start({ REDIS_URL: url.href });

    expect(await started.ended).toBe(69);
    expect(started.output()).toContain("Redis does not answer, or refuses the user or password in REDIS_URL.");
    expect(started.output()).not.toMatch(/canary|WRONGPASS/);
  });

  it("says so when its port is taken", async () => {
    const stranger = createServer().listen(0, "127.0.0.1");
    await once(stranger, "listening");
    const taken = (stranger.address() as AddressInfo).port;
    const started = start({ DASHBOARD_PORT: String(taken) });

    expect(await started.ended).toBe(69);
    expect(started.output()).toContain(`cannot listen at 127.0.0.1 port ${taken}`);
    stranger.close();
  });

  it.each(["SIGTERM", "SIGINT"] as const)("ends with 0 on %s", async (signal) => {
    const started = await startAndWait();

    started.child.kill(signal);

    expect(await started.ended).toBe(0);
    expect(started.output()).not.toContain(PASSWORD);
  });

  it("ends when the process that started it is gone", async () => {
    const { child } = await startAndWait();
    const exited = once(child, "exit");

    child.disconnect();

    expect(await exited).toEqual([0, null]);
  });

  it("warns that its cookie is not bound to https, and only then", async () => {
    const plain = await startAndWait();
    expect(plain.output()).toContain("dashboard.plain_http");
    plain.child.kill("SIGTERM");
    await plain.ended;

    const secure = await startAndWait({ DASHBOARD_PUBLIC_URL: "https://board.example.com" });
    expect(secure.output()).not.toContain("dashboard.plain_http");
  });

  it("ends within 10 s while Redis is down and a request does not end", async () => {
    const lonely = await startTestRedis();
    const started = await startAndWait({ REDIS_URL: lonely.url });
    await lonely.stop();
    const hanging = connect(port, "127.0.0.1");
    hanging.on("error", () => undefined);
    hanging.write("GET /login HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    await once(hanging, "ready");
    const told = performance.now();

    started.child.kill("SIGTERM");

    expect(await started.ended).toBe(0);
    expect(performance.now() - told).toBeLessThan(10_000);
    hanging.destroy();
  });
});
