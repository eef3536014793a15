// What the doctor says about faults that are really there: in Redis, in WeChat, among workers, in the configuration.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beijingDate } from "@tokenkeeper/core";
import { heartbeatKey, QUEUE_PREFIX, quotaKey, WORKERS_KEY } from "@tokenkeeper/shared/contract";
import type { Runtime } from "@tokenkeeper/worker";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli, type Ended, type InProcessOptions } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";

interface Finding {
  readonly level: string;
  readonly sentence: { readonly en: string; readonly zh: string };
  readonly remedy?: { readonly en: string; readonly zh: string };
}
interface Diagnosis {
  readonly level: string;
  readonly checks: readonly { readonly name: string; readonly findings: readonly Finding[] }[];
}

describe("tokenkeeper doctor", () => {
  let world: World;
  let folder: string;
  const written: string[] = [];

  beforeAll(async () => {
    world = await startWorld({
      accounts: [
        { name: "shop", token: "classic" },
        { name: "spare" },
        { name: "walled", wechat: { whitelist: ["198.51.100.1"] } },
        { name: "wrong", wrongSecret: "0".repeat(32) },
      ],
    });
    folder = await mkdtemp(join(tmpdir(), "tokenkeeper-doctor-"));
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const here = (): Record<string, string> => ({
    REDIS_URL: world.redis.url,
    WECHAT_API_BASE_URL: world.simulator.url,
    TOKENKEEPER_TIME_SCALE: String(world.scale),
  });

  async function doctor(options: Partial<InProcessOptions> = {}): Promise<{ ended: Ended; found: Diagnosis }> {
    const ended = await cli(["doctor", "--json"], { ...options, env: { ...here(), ...options.env } });
    written.push(ended.stdout, ended.stderr);
    return { ended, found: JSON.parse(ended.stdout) as Diagnosis };
  }

  const unwell = ({ checks }: Diagnosis): string[] =>
    checks.filter(({ findings }) => findings.some((each) => isBad(each))).map(({ name }) => name);
  const isBad = ({ level }: Finding): boolean => level === "problem" || level === "warning";

  /** The one finding of a check, once there is one that matches. */
  async function findingOf(
    name: string,
    matching: RegExp,
    options?: Partial<InProcessOptions>,
  ): Promise<Finding | undefined> {
    return eventually(
      async () => {
        const { ended, found } = await doctor(options);
        const findings = found.checks.find((check) => check.name === name)?.findings ?? [];
        const finding = findings.filter((each) => isBad(each)).find(({ sentence }) => matching.test(sentence.en));
        if (!finding) throw new Error(`${name}: ${JSON.stringify(findings)}`);
        expect(ended.code).toBe(1);
        return finding;
      },
      { what: `a finding of ${name}`, timeoutMs: 30_000 },
    );
  }

  describe("before any worker runs", () => {
    it("says that none does, and how to start one", async () => {
      const { ended, found } = await doctor();

      expect(ended.code).toBe(1);
      expect(unwell(found)).toEqual(["workers"]);
      const finding = await findingOf("workers", /No worker gives a sign of life/);
      expect(finding?.remedy).toEqual({
        en: expect.stringContaining("npx -y pnpm worker"),
        zh: expect.stringContaining("请启动"),
      });
    });

    it("names a scheduler that stopped", async () => {
      const key = `${QUEUE_PREFIX}:schedule:repeat`;
      await world.redis.redis.zadd(key, Date.now() - 3_600_000, "tick-lost");

      const finding = await findingOf("schedulers", /^1 of 1 are overdue/);

      expect(finding?.remedy?.en).toContain("restart the workers");
      await world.redis.redis.zrem(key, "tick-lost");
    });
  });

  describe("while a worker runs", () => {
    let runtime: Runtime;
    beforeAll(async () => {
      runtime = await world.startRuntime();
      await onlyRefusedAccounts();
    });

    function onlyRefusedAccounts(): Promise<void> {
      return eventually(
        async () => {
          const { found } = await doctor();
          expect(unwell(found)).toEqual(["whitelist", "credentials"]);
          expect(found.checks.find(({ name }) => name === "credentials")?.findings).toHaveLength(1);
        },
        { what: "both refused accounts and nothing else", timeoutMs: 40_000 },
      );
    }

    it("names the address that WeChat saw and refused, and the console in which to list it", async () => {
      const finding = await findingOf("whitelist", /^walled · access_token: The IP 203\.0\.113\.7 is not on/);

      expect(finding?.remedy).toEqual({
        en: expect.stringContaining("Add 203.0.113.7 to the IP whitelist"),
        zh: expect.stringContaining("白名单中加入 203.0.113.7"),
      });
    });

    it("names in its text the command that does what the page's button does", async () => {
      const ended = await cli(["doctor"], { env: here() });
      written.push(ended.stdout, ended.stderr);

      expect(ended.stdout).toMatch(/What to do: Add 203\.0\.113\.7 .* then run `tokenkeeper rerun --all`\.\n/);
      expect(ended.stdout).not.toMatch(/press retry/i);
    });

    it("names the account whose secret is wrong, and where to mend it", async () => {
      const finding = await findingOf("credentials", /^wrong · access_token: /);

      expect(finding?.level).toBe("problem");
      expect(finding?.remedy?.en).toContain("Compare appId and secret in the configuration");
    });

    /** What is planted in Redis or found elsewhere, and taken away again. */
    interface Planted {
      readonly fault: string;
      readonly check: string;
      readonly sentence: RegExp;
      readonly remedy: string;
      readonly plant?: () => Promise<unknown>;
      readonly cure?: () => Promise<unknown>;
      readonly options?: () => Partial<InProcessOptions>;
    }
    const config = (name: string, value: string): Promise<unknown> => world.redis.redis.config("SET", name, value);
    const oldWorker = heartbeatKey("old");
    const planted: readonly Planted[] = [
      {
        fault: "a Redis that evicts keys",
        check: "redis-policy",
        plant: () => config("maxmemory-policy", "allkeys-lru"),
        cure: () => config("maxmemory-policy", "noeviction"),
        sentence: /allkeys-lru: Redis may throw tokens and jobs away/,
        remedy: "CONFIG SET maxmemory-policy noeviction",
      },
      {
        fault: "a Redis without an append-only file",
        check: "redis-persistence",
        plant: () => config("appendonly", "no"),
        cure: () => config("appendonly", "yes"),
        sentence: /^Snapshots only: a crash loses minutes/,
        remedy: "CONFIG SET appendonly yes",
      },
      {
        fault: "a Redis whose memory is almost full",
        check: "redis-memory",
        plant: async () => {
          const [, used] = /used_memory:(\d+)/.exec(await world.redis.redis.info("memory")) ?? [];
          await config("maxmemory", String(Math.round(Number(used) * 1.1)));
        },
        cure: () => config("maxmemory", "0"),
        sentence: /^[\d.]+ MiB of [\d.]+ MiB used, \d+ %\.$/,
        remedy: "Raise maxmemory",
      },
      {
        fault: "a paused queue",
        check: "queues",
        plant: () => world.refreshQueue.pause(),
        cure: () => world.refreshQueue.resume(),
        sentence: /^The queue refresh is paused/,
        remedy: "Resume it on the job page",
      },
      {
        fault: "workers of different versions",
        check: "workers",
        plant: async () => {
          await world.redis.redis.hset(oldWorker, { host: "old", pid: 1, version: "0.0.9", started_at: "2026-01-01" });
          await world.redis.redis.pexpire(oldWorker, 25_000);
          await world.redis.redis.sadd(WORKERS_KEY, "old");
        },
        cure: () => world.redis.redis.del(oldWorker),
        sentence: /^2 alive, of different versions: 0\.0\.9, \d/,
        remedy: "update the older ones",
      },
      {
        fault: "an account that fetches far too often",
        check: "quota",
        plant: () => world.redis.redis.hset(quotaToday("spare"), "stable_token", "100000"),
        cure: () => world.redis.redis.hset(quotaToday("spare"), "stable_token", "1"),
        sentence: /^Many fetches today: spare · access_token 100000\/\d+/,
        remedy: "look at the reasons in its history",
      },
      {
        fault: "a clock that is ahead of that of Redis",
        check: "clock-redis",
        options: () => ({ now: () => Date.now() + 600_000 }),
        sentence: /^This machine's clock is (10 min|9 min \d+ s) ahead of that of Redis/,
        remedy: "NTP",
      },
      {
        fault: "a clock that is behind that of WeChat",
        check: "clock-wechat",
        options: () => ({ now: () => Date.now() - 600_000 }),
        sentence: /^This machine's clock is (10 min|9 min \d+ s) behind that of WeChat/,
        remedy: "NTP",
      },
      {
        fault: "a Redis that cannot be reached",
        check: "redis",
        options: () => ({ env: { REDIS_URL: "redis://:canary-password@127.0.0.1:1" } }),
        sentence: /^Redis does not answer/,
        remedy: "REDIS_URL with its password",
      },
      {
        fault: "a Redis that is not named",
        check: "redis",
        options: () => ({ env: { REDIS_URL: "" } }),
        sentence: /^No Redis is named/,
        remedy: "Set REDIS_URL",
      },
      {
        fault: "a WeChat that cannot be reached",
        check: "wechat",
        options: () => ({ env: { WECHAT_API_BASE_URL: "http://127.0.0.1:1", HTTPS_PROXY: "http://127.0.0.1:3128" } }),
        sentence: /^127\.0\.0\.1:1: It cannot be connected to\. HTTPS_PROXY is not used/,
        remedy: "Check firewall and route",
      },
      {
        fault: "a dashboard that cannot be reached",
        check: "dashboard",
        options: () => ({ env: { DASHBOARD_PUBLIC_URL: "http://127.0.0.1:1" } }),
        sentence: /^It does not answer at DASHBOARD_PUBLIC_URL/,
        remedy: "Check that the dashboard runs",
      },
      {
        fault: "a broken configuration",
        check: "config",
        plant: () =>
          writeFile(
            join(folder, "tokenkeeper.yaml"),
            "accounts:\n  - { type: official-account, apId: wx0, secret: canary-secret }\n",
          ),
        cure: () => rm(join(folder, "tokenkeeper.yaml")),
        options: () => ({ cwd: folder }),
        sentence: /^accounts\[0\]\.apId: expected .*; did you mean appId\?/,
        remedy: "Correct it",
      },
    ];

    it.each(planted)("names $fault with its remedy, and is silent when it is gone", async (row) => {
      const { plant, cure, options, check, sentence, remedy } = row;
      await plant?.();
      try {
        const finding = await findingOf(check, sentence, options?.());
        expect(finding?.remedy?.en).toContain(remedy);
        expect(finding?.remedy?.zh).toMatch(/\p{Script=Han}/u);
      } finally {
        await cure?.();
      }

      const { found } = await doctor();
      expect(unwell(found)).not.toContain(check);
    });

    function quotaToday(name: string): string {
      return quotaKey(world.appId(name), beijingDate(Date.now()));
    }

    it("names the account that another system fetches, and what to do about that system", async () => {
      await world.tokens.getAccessToken("shop");
      for (const family of ["classic", "classic"] as const) {
        world.simulator.control.foreignFetch(world.appId("shop"), { family });
      }
      await world.tokens.withToken("shop", (token) => world.businessCall(token));

      const finding = await findingOf("foreign-refreshes", /^Another system fetches the token of shop × 1 today/);

      expect(finding?.remedy?.en).toContain("make it read from here");
    });

    it("names a fetch whose outcome is not known", async () => {
      const hang = { call: "stable_token", fault: { type: "execute_then_hang" }, times: null } as const;
      world.simulator.control.addFault(world.appId("spare"), hang);
      expect(await cli(["refresh", "spare", "--force"], { env: here() })).toMatchObject({ code: 0 });

      const finding = await findingOf("unknown-outcomes", /^The outcome of a fetch is not known: spare · access_token/);

      expect(finding?.remedy?.en).toContain("fetched again by itself");
    });

    it("fetches no token and shows no secret, whatever it meets", async () => {
      // Whatever WeChat is asked for now, the doctor asks.
      await runtime.stop();
      const asked = world.simulator.control.log({}).length;

      const text = await cli(["doctor"], { env: here() });

      expect(world.simulator.control.log({})).toHaveLength(asked);
      written.push(text.stdout);
      expect(text.stdout).toMatch(/^■ whitelist +walled · access_token: .*\n +What to do: Add 203\.0\.113\.7/m);
      const tokens = await Promise.all(["shop", "spare"].map((name) => world.tokens.getAccessToken(name)));
      const secrets = [
        ...tokens,
        ...world.config().accounts.map(({ secret }) => secret.reveal()),
        new URL(world.redis.url).password,
        "canary",
      ];
      for (const secret of secrets) expect(written.join("\n").includes(secret)).toBe(false);
    });
  });
});
