import { createServer } from "node:http";
import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isAlive } from "@tokenkeeper/launcher";
import { createSimulator } from "@tokenkeeper/simulator";
import { eventually } from "./support/eventually.ts";
import { startTestRedis } from "./support/redis.ts";
import { createStartHome, type StartHome } from "./support/start.ts";

const EXAMPLE = "examples/business-call.ts";
const RECORD = "wx:tok:{wx1234567890abcdef}:access_token";

/** Successful token fetches that the simulator has seen, per appid. */
async function fetches(home: StartHome): Promise<Record<string, number>> {
  const state = (await (await fetch(`${home.urls.simulator}/__sim/state`)).json()) as {
    accounts: { appId: string; lines: Record<"classic" | "stable", { issued: number }> }[];
  };
  return Object.fromEntries(
    state.accounts.map(({ appId, lines }) => [appId, lines.classic.issued + lines.stable.issued]),
  );
}

/** What the simulated group robot got. */
async function alerts(home: StartHome): Promise<string> {
  return (await fetch(`${home.urls.simulator}/__sim/robots/messages`)).text();
}

/** Runs the example as an app beside the start, on the Redis whose URL the start wrote to its file. */
async function callAsApp(home: StartHome): Promise<{ code: number | null; output: string }> {
  return home.runScript(EXAMPLE, { REDIS_URL: await redisUrlOf(home) }).ended();
}

async function redisUrlOf(home: StartHome): Promise<string> {
  return (await readFile(join(home.folder, "redis-url"), "utf8")).trim();
}

describe("pnpm start without an account", () => {
  it("lets an app make an accepted business call, stands beside a second start, and leaves no process after Ctrl-C", async () => {
    await using home = await createStartHome();
    const first = home.run();
    await first.ready();
    const processes = await home.processes();

    const call = await callAsApp(home);
    expect(call.output).toContain("WeChat accepted the call:");
    expect(call.code).toBe(0);

    await eventually(async () => expect(await alerts(home)).toContain("failing · access_token"), {
      what: "the failing account's alert at the simulated robot",
      timeoutMs: 40_000,
    });
    const fetched = await fetches(home);
    const second = await home.run().ended();
    expect(second.code).toBe(0);
    expect(second.output).toContain(`${home.urls.dashboard}/`);
    expect(second.output).toContain(`It already runs, as process ${first.pid}.`);
    expect(await fetches(home)).toEqual(fetched);

    first.signalGroup("SIGINT");
    expect(await first.ended()).toMatchObject({ code: 0 });
    expect(processes.filter(isAlive)).toEqual([]);
  });

  it("fetches nothing that is fresh when it is started again", async () => {
    await using home = await createStartHome();
    const first = home.run();
    await first.ready();
    expect((await callAsApp(home)).code).toBe(0);
    await eventually(async () => expect((await fetches(home))["wxmini000000000001"]).toBe(1), {
      what: "a token of mini",
    });
    const password = /password 密码: (\S+)/.exec(first.output())?.[1];
    const fetched = await fetches(home);
    first.signalGroup("SIGINT");
    await first.ended();

    const second = home.run();
    await second.ready();

    expect((await callAsApp(home)).code).toBe(0);
    expect(await fetches(home)).toEqual(fetched);
    expect(second.output()).toContain(`密码: ${password}`);
  });

  it("recovers after kill -9: children end by themselves, the next start takes the Redis over", async () => {
    await using home = await createStartHome();
    const first = home.run();
    await first.ready();
    expect((await callAsApp(home)).code).toBe(0);
    const before = await home.processes();
    const [, ...children] = before;
    const redis = children.pop();

    process.kill(first.pid, "SIGKILL");
    const second = home.run();
    await second.ready();

    const after = await home.processes();
    expect(after.at(-1)).toBe(redis);
    expect([first.pid, ...children].filter(isAlive)).toEqual([]);
    expect((await callAsApp(home)).code).toBe(0);
    second.signalGroup("SIGTERM");
    expect(await second.ended()).toMatchObject({ code: 0 });
    expect(after.filter(isAlive)).toEqual([]);
  });

  it("ends, and everything with it, when its parent is killed", async () => {
    await using home = await createStartHome();
    const shell = home.runShell(`'${process.execPath}' packages/launcher/src/main.ts; true`);
    await shell.ready();
    const processes = await home.processes();

    process.kill(shell.pid, "SIGKILL");

    await eventually(() => expect(processes.filter(isAlive)).toEqual([]), {
      timeoutMs: 20_000,
      what: "every process to be gone",
    });
  });

  it("starts a killed worker and a killed Redis again", async () => {
    await using home = await createStartHome();
    const program = home.run();
    await program.ready();
    const before = await home.processes();

    for (const pid of before.slice(2)) process.kill(pid, "SIGKILL");

    await eventually(() => expect(program.output()).toMatch(/private Redis ended unexpectedly/), {
      what: "word of it",
    });
    await eventually(async () => expect((await fetch(`${home.urls.worker}/healthz`)).ok).toBe(true), {
      timeoutMs: 20_000,
      what: "the worker to be healthy again",
    });
    await eventually(async () => expect((await callAsApp(home)).code).toBe(0), {
      timeoutMs: 20_000,
      what: "an accepted call",
    });
    expect(isAlive(program.pid)).toBe(true);
  });

  it("keeps its state to its owner", async () => {
    await using home = await createStartHome();
    await home.run().ready();

    const modeOf = async (name: string): Promise<number> => (await stat(join(home.folder, name))).mode & 0o777;
    expect(await modeOf(".")).toBe(0o700);
    const files = ["redis-url", "dashboard-password", "start.json", "simulator.json", "redis/redis.conf"];
    expect(await Promise.all(files.map(modeOf))).toEqual(files.map(() => 0o600));
  });

  it("takes the next port and says so when a default one is taken", async () => {
    await using home = await createStartHome();
    const stranger = createServer((_request, reply) => reply.end("a stranger"));
    stranger.on("error", () => undefined);
    // When somebody else holds the default port already, that is as good.
    stranger.listen(3010, "127.0.0.1");
    await Promise.race([once(stranger, "listening"), once(stranger, "error")]).catch(() => undefined);

    const program = home.run({ DASHBOARD_PORT: "" });
    await program.ready();
    stranger.close();

    const port = /Port 3010 is taken, so the dashboard is on (\d+)\./.exec(program.output())?.[1];
    expect(program.output()).toContain(`http://127.0.0.1:${port}/`);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  });
});

describe("pnpm start with an account", () => {
  const account = {
    name: "mine",
    type: "official-account",
    appId: "wx1234567890abcdef",
    secret: "0123456789abcdef0123456789abcdef",
  } as const;

  it("runs worker and dashboard on a private Redis, against the WeChat that is set", async () => {
    await using home = await createStartHome();
    const wechat = await createSimulator({ accounts: [account] });
    const file = join(home.folder, "mine.yaml");
    await writeFile(file, JSON.stringify({ accounts: [account] }));

    const program = home.run({ TOKENKEEPER_CONFIG: file, WECHAT_API_BASE_URL: wechat.url });
    await program.ready();

    const url = await redisUrlOf(home);
    const call = home.runScript(EXAMPLE, { REDIS_URL: url, WECHAT_API_BASE_URL: wechat.url }, [account.name]);
    expect(await call.ended()).toMatchObject({ code: 0, output: expect.stringContaining("WeChat accepted the call:") });
    expect(program.output()).not.toMatch(/Example accounts|curl/);
    await wechat.close();
  });

  it("uses the Redis that the configuration names and leaves it running", async () => {
    await using home = await createStartHome();
    await using redis = await startTestRedis();
    const wechat = await createSimulator({ accounts: [account] });
    const file = join(home.folder, "mine.yaml");
    await writeFile(file, JSON.stringify({ redis: redis.url, accounts: [account] }));

    const program = home.run({ TOKENKEEPER_CONFIG: file, WECHAT_API_BASE_URL: wechat.url });
    await program.ready();

    await eventually(async () => expect(await redis.redis.hexists(RECORD, "value")).toBe(1), { what: "a token" });
    await expect(stat(join(home.folder, "redis"))).rejects.toThrow("ENOENT");
    program.signalGroup("SIGINT");
    expect(await program.ended()).toMatchObject({ code: 0 });
    expect(await redis.redis.ping()).toBe("PONG");
    await wechat.close();
  });
});

describe("pnpm start that cannot go on", () => {
  it("ends with 69 and a sentence when a port that a person set is taken", async () => {
    await using home = await createStartHome();
    const stranger = createServer();
    stranger.listen(Number(home.env["DASHBOARD_PORT"]), "127.0.0.1");
    await once(stranger, "listening");

    const { code, output } = await home.run().ended();
    stranger.close();

    expect(code).toBe(69);
    expect(output).toContain(`DASHBOARD_PORT is ${home.env["DASHBOARD_PORT"]}, and another program listens there.`);
  });

  it("ends with 69 and without the password when REDIS_URL does not answer", async () => {
    await using home = await createStartHome();

    const { code, output } = await home.run({ REDIS_URL: "redis://:hunter2secret@127.0.0.1:1" }).ended();

    expect(code).toBe(69);
    expect(output).toContain("The Redis that REDIS_URL (or the configuration) names does not answer");
    expect(output).not.toContain("hunter2secret");
  });

  it("ends with 78 and every problem when the accounts are misconfigured, before anything runs", async () => {
    await using home = await createStartHome();
    const file = join(home.folder, "mine.yaml");
    await writeFile(
      file,
      "accounts:\n  - { name: a, type: official-account, appId: nonsense, secret: s, tokn: stable }\n",
    );

    const { code, output } = await home.run({ TOKENKEEPER_CONFIG: file }).ended();

    expect(code).toBe(78);
    expect(output).toContain("accounts[0].appId");
    expect(output).toContain("did you mean token?");
    await expect(stat(join(home.folder, "redis"))).rejects.toThrow("ENOENT");
  });

  it("ends with 78 when a named configuration file is missing", async () => {
    await using home = await createStartHome();

    const { code, output } = await home.run({ TOKENKEEPER_CONFIG: join(home.folder, "none.yaml") }).ended();

    expect(code).toBe(78);
    expect(output).toContain("TOKENKEEPER_CONFIG");
  });

  it("makes the example say that nothing runs", async () => {
    await using home = await createStartHome();

    const { code, output } = await home.runScript(EXAMPLE, { REDIS_URL: "redis://127.0.0.1:1" }).ended();

    expect(code).toBe(1);
    expect(output).toBe("Redis or WeChat could not be reached. Is `npx -y pnpm start` running?\n");
  });
});
