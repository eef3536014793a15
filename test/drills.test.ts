// The drills of docs/drills.md as people run them: `pnpm drill` against a running system, in compressed time.
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createSimulator } from "@tokenkeeper/simulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startApp } from "../drills/apps.ts";
import { createWechat } from "../drills/wechat.ts";
import { eventually } from "./support/eventually.ts";
import { startTestRedis } from "./support/redis.ts";
import { startWorld, type WorkerProcess, type World } from "./support/world.ts";

const MAIN = join(import.meta.dirname, "../drills/main.ts");

/** Every step was seen to have worked, and no app has seen an error. */
const PASSED = { code: 0, output: expect.stringMatching(/, 0 refused, 0 unavailable, 0 others\nPASSED/) };

/** A drill that goes on in a process of its own. */
interface Running {
  output(): string;
  /** Waits until it has come to this step: the first words of its line. */
  reached(step: string): Promise<void>;
  readonly ended: Promise<number | null>;
}

describe("the drills", () => {
  let world: World;
  let workers: WorkerProcess[];
  beforeAll(async () => {
    world = await startWorld({
      scale: 20,
      accounts: [
        { name: "secret", token: "stable", tickets: ["jsapi"] },
        { name: "stable", token: "stable" },
        { name: "classic", token: "classic" },
        { name: "quota", token: "classic" },
        { name: "mini", type: "mini-program", token: "stable" },
        { name: "side", token: "stable", tickets: ["jsapi"] },
      ],
    });
    const first = await world.startWorker();
    workers = [first, await world.startWorker({ TOKENKEEPER_CONFIG: first.configFile })];
  });
  afterAll(() => world[Symbol.asyncDispose]());

  function run(args: readonly string[], env: Record<string, string> = {}): Running {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: {
        PATH: process.env["PATH"] ?? "",
        REDIS_URL: world.redis.url,
        WECHAT_API_BASE_URL: world.simulator.url,
        TOKENKEEPER_TIME_SCALE: String(world.scale),
        ...env,
      },
    });
    let written = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (written += String(chunk)));
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    return {
      output: () => written,
      ended,
      async reached(step) {
        const early = ended.then(() => expect(written).toContain(step));
        const seen = eventually(() => expect(written).toContain(step), { what: step, timeoutMs: 40_000 });
        await Promise.race([seen, early]);
      },
    };
  }

  async function endOf(drill: Running): Promise<{ code: number | null; output: string }> {
    const code = await drill.ended;
    return { code, output: drill.output() };
  }

  describe.concurrent("in a world of their own accounts", () => {
    it("about single accounts pass, beside one another", async () => {
      const config = workers[0]?.configFile ?? "";
      const drills = [
        run(["leaked-secret", "secret"], { TOKENKEEPER_CONFIG: config }),
        run(["leaked-token", "stable"]),
        run(["leaked-token", "classic"]),
        run(["quota-gone", "quota"]),
        run(["whitelist-changed"]),
      ];

      for (const drill of drills) expect(await endOf(drill)).toEqual(PASSED);
    });

    it("leave out the replica where accounts are stable: two fleets go on side by side, and apps move between them", async () => {
      await using fresh = await startTestRedis();
      const wechat = createWechat(world.simulator.url);
      const calls = { wechat, accounts: ["side"], everyMs: 20, timeScale: world.scale };
      const app = startApp({ ...calls, redisUrl: world.redis.url });
      await app.warm();
      const before = await app.token("side");

      const configFile = join(dirname(workers[0]?.configFile ?? ""), "side.yaml");
      const { accounts } = JSON.parse(world.yaml()) as { accounts: { name: string }[] };
      await writeFile(configFile, JSON.stringify({ accounts: accounts.filter(({ name }) => name === "side") }));
      const worker = await world.startWorker({ REDIS_URL: fresh.url, TOKENKEEPER_CONFIG: configFile });
      const there = await world.client({ redis: fresh.url, waitMs: 10_000 }).getAccessToken("side");
      await app.moveTo(fresh.url);
      const ticket = await world.client({ redis: fresh.url }).getTicket("side", "jsapi");
      const { accepted } = app.figures;
      await eventually(() => expect(app.figures.accepted).toBeGreaterThan(accepted + 10), {
        what: "calls at the new one",
      });
      await app.stop();
      await worker.stop();

      expect([there, ticket]).toEqual([before, await world.tokens.getTicket("side", "jsapi")]);
      expect(app.figures).toMatchObject({ refused: 0, unavailable: 0, others: 0 });
    });
  });

  it("are refused, and change nothing, where an account is none of the simulator's", async () => {
    const other = await createSimulator({ accounts: [] });

    const refused = await endOf(run(["lost-redis"], { WECHAT_API_BASE_URL: other.url }));
    await other.close();

    expect(refused).toEqual({
      code: 78,
      output: expect.stringMatching(/^Redis holds the account ".+nothing was done/),
    });
    expect(await world.tokens.getAccessToken("stable")).not.toBe("");
  });

  it("loses Redis, and every app goes on", async () => {
    expect(await endOf(run(["lost-redis"]))).toEqual(PASSED);
  });

  it("moves to a new Redis, and every app goes on", async () => {
    await using fresh = await startTestRedis();
    // The world's own client is an app as well, which nobody would restart.
    await world.tokens.close();
    // A first copy begins at once, and not when more replicas may have come.
    await world.redis.redis.config("SET", "repl-diskless-sync-delay", "0");
    const drill = run(["new-redis", "classic"], { NEW_REDIS_URL: fresh.url });
    await drill.reached("4/7");
    const [config = ""] = workers.map(({ configFile }) => configFile);
    await Promise.all(workers.map((worker) => worker.stop()));
    await world.startWorker({ TOKENKEEPER_CONFIG: config, REDIS_URL: fresh.url });
    await drill.reached("7/7");
    await world.redis.down();
    expect(await endOf(drill)).toEqual(PASSED);
  });
});
