// The drills of docs/drills.md, carried out against workers as processes in compressed time while apps make calls.
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createSimulator } from "@tokenkeeper/simulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DRILLS } from "../drills/all-drills.ts";
import { startApp } from "../drills/apps.ts";
import { conductDrill } from "../drills/conduct-drill.ts";
import type { RunningSystem } from "../drills/running-system.ts";
import { createWechat } from "../drills/wechat.ts";
import { eventually } from "./support/eventually.ts";
import { startTestRedis } from "./support/redis.ts";
import { startWorld, type WorkerProcess, type World } from "./support/world.ts";

const MAIN = join(import.meta.dirname, "../drills/main.ts");
/** Every step was seen to have worked, and no app has seen an error. */
const PASSED = { passed: true, written: expect.stringMatching(/, 0 refused, 0 unavailable, 0 others\nPASSED/) };
const SLOW_MS = 60_000;

/** A drill that goes on. */
interface Running {
  /** Waits until it has come to this step: the first words of its line. */
  reached(step: string): Promise<void>;
  /** As Ctrl-C does. */
  breakOff(): void;
  readonly end: Promise<{ passed: boolean; written: string }>;
}

describe("the drills", () => {
  let world: World;
  let workers: WorkerProcess[];
  let configFile: string;
  beforeAll(async () => {
    world = await startWorld({
      scale: 20,
      accounts: [
        { name: "secret", token: "stable", tickets: ["jsapi"] },
        { name: "stable", token: "stable" },
        { name: "classic", token: "classic" },
        { name: "quota", token: "classic" },
        { name: "broken", token: "classic" },
        { name: "mini", type: "mini-program", token: "stable" },
        { name: "side", token: "stable", tickets: ["jsapi"] },
      ],
    });
    const first = await world.startWorker();
    ({ configFile } = first);
    workers = [first, await world.startWorker({ TOKENKEEPER_CONFIG: configFile })];
  });
  afterAll(() => world[Symbol.asyncDispose]());

  function start(name: string, wanted?: string, given: Partial<RunningSystem> = {}): Running {
    const drill = DRILLS.find((each) => each.name === name);
    if (!drill) throw new Error(`there is no drill "${name}"`);
    const system = {
      redisUrl: world.redis.url,
      simulator: world.simulator.url,
      config: configFile,
      newRedisUrl: undefined,
      timeScale: world.scale,
      ...given,
    };
    const breaking = new AbortController();
    let written = "";
    const say = (line: string): void => void (written += `${line}\n`);
    const end = conductDrill(drill, system, { wanted, env: {}, say, signal: breaking.signal }).then(({ passed }) => {
      return { passed, written };
    });
    return {
      end,
      breakOff: () => breaking.abort(),
      async reached(step) {
        const requireStep = (): void => expect(written).toContain(step);
        await Promise.race([eventually(requireStep, { what: step, timeoutMs: SLOW_MS }), end.then(requireStep)]);
      },
    };
  }

  /** As people run it. */
  function run(args: readonly string[], env: Record<string, string> = {}): Promise<{ code: number; written: string }> {
    const { PATH = "" } = process.env;
    const given = { REDIS_URL: world.redis.url, WECHAT_API_BASE_URL: world.simulator.url };
    const scale = { TOKENKEEPER_TIME_SCALE: String(world.scale) };
    return new Promise((resolve) => {
      const options = { env: { PATH, ...given, ...scale, ...env } };
      const child = execFile(process.execPath, [MAIN, ...args], options, (_error, out, errors) => {
        resolve({ code: child.exitCode ?? -1, written: out + errors });
      });
    });
  }

  it("about single accounts pass, beside one another, and show no secret", async () => {
    const drills = [
      start("leaked-secret", "secret"),
      start("leaked-token", "stable"),
      start("leaked-token", "classic"),
      start("quota-gone", "quota"),
    ];
    const broken = start("quota-gone", "broken");
    const before = world.simulator.control.account(world.appId("broken"));
    const whitelist = run(["whitelist-changed"]);

    await broken.reached("3/5");
    expect(world.simulator.control.account(world.appId("broken"))).not.toEqual(before);
    broken.breakOff();

    const ends = await Promise.all(drills.map(({ end }) => end));
    for (const end of ends) expect(end).toEqual(PASSED);
    expect(await whitelist).toEqual({ code: 0, written: PASSED.written });
    for (const { secret } of world.config().accounts)
      expect(JSON.stringify([ends, await whitelist])).not.toContain(secret.reveal());
    // The one that was broken off has left WeChat as it was.
    expect(await broken.end).toEqual({ passed: false, written: expect.stringContaining("the drill was broken off") });
    expect(world.simulator.control.account(world.appId("broken"))).toEqual(before);
  }, 120_000);

  it("do nothing where an account is none of the simulator's", async () => {
    const other = await createSimulator({ accounts: [] });

    const refused = await run(["lost-redis"], { WECHAT_API_BASE_URL: other.url });
    await other.close();

    expect(refused).toEqual({
      code: 78,
      written: expect.stringMatching(/^Redis holds the account ".+nothing was done/),
    });
    expect(await world.tokens.getAccessToken("stable")).not.toBe("");
  });

  it("lose Redis, and every app goes on", async () => {
    expect(await start("lost-redis").end).toEqual(PASSED);
  });

  it("leave out the replica where accounts are stable: two fleets go on side by side, and apps move between them", async () => {
    await using fresh = await startTestRedis();
    const wechat = createWechat(world.simulator.url);
    const calls = { wechat, accounts: ["side"], everyMs: 20, timeScale: world.scale };
    const app = startApp({ ...calls, redisUrl: world.redis.url });
    await app.warm();
    const before = await app.token("side");

    const config = join(dirname(configFile), "side.yaml");
    const { accounts } = JSON.parse(world.yaml()) as { accounts: { name: string }[] };
    await writeFile(config, JSON.stringify({ accounts: accounts.filter(({ name }) => name === "side") }));
    const worker = await world.startWorker({ REDIS_URL: fresh.url, TOKENKEEPER_CONFIG: config });
    const there = world.client({ redis: fresh.url, waitMs: 10_000 });
    const moved = [await there.getAccessToken("side"), await there.getTicket("side", "jsapi")];
    await app.moveTo(fresh.url);
    const { accepted } = app.figures;
    await eventually(() => expect(app.figures.accepted).toBeGreaterThan(accepted + 10), { what: "calls at the new" });
    await app.stop();
    await worker.kill9();

    expect(moved).toEqual([before, await world.tokens.getTicket("side", "jsapi")]);
    expect(app.figures).toMatchObject({ refused: 0, unavailable: 0, others: 0 });
  });

  it("move to a new Redis, and every app goes on", async () => {
    await using fresh = await startTestRedis();
    // The world's own client is an app as well, which nobody would restart.
    await world.tokens.close();
    // A first copy begins at once, and not when more replicas may have come.
    await world.redis.redis.config("SET", "repl-diskless-sync-delay", "0");
    const drill = start("new-redis", "classic", { newRedisUrl: fresh.url });

    await drill.reached("4/7");
    await Promise.all(workers.map((worker) => worker.stop()));
    await world.startWorker({ TOKENKEEPER_CONFIG: configFile, REDIS_URL: fresh.url });
    await drill.reached("7/7");
    await world.redis.down();

    expect(await drill.end).toEqual(PASSED);
  }, 120_000);
});
