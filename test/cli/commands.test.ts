// The command line against a fleet that runs: what it prints, how it ends, what it leaves in the audit trail.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { apiKeyHash } from "@tokenkeeper/core";
import { parseHash, STATE_WORDS, verifyPassword } from "@tokenkeeper/ops";
import { auditKey, fingerprint } from "@tokenkeeper/shared/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli, cliProcess, startCli, type Ended } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";
import { blockOf, readDocument } from "../support/markdown.ts";
import { startWorld, type World } from "../support/world.ts";

const sh = promisify(execFile);
const MAIN = join(import.meta.dirname, "../../packages/cli/src/main.ts");

describe("tokenkeeper", () => {
  let world: World;
  let folder: string;
  const written: string[] = [];

  beforeAll(async () => {
    // At full length, so that no plan comes in between.
    world = await startWorld({
      scale: 1,
      accounts: [
        { name: "shop", tickets: ["jsapi"] },
        { name: "walled", wechat: { whitelist: ["198.51.100.1"] } },
      ],
    });
    await world.startRuntime();
    await Promise.all([world.client({ waitMs: 20_000 }).getTicket("shop", "jsapi"), oneHasFailed()]);
    folder = await mkdtemp(join(tmpdir(), "tokenkeeper-cli-"));
    const program = join(folder, "tokenkeeper");
    await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
    await chmod(program, 0o755);
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  function oneHasFailed(): Promise<void> {
    return eventually(async () => expect(await world.refreshQueue.getFailedCount()).toBe(1), {
      what: "the refused account",
      timeoutMs: 20_000,
    });
  }
  const env = (): Record<string, string> => ({ REDIS_URL: world.redis.url });
  async function kept(running: Promise<Ended>): Promise<Ended> {
    const ended = await running;
    written.push(ended.stdout, ended.stderr);
    return ended;
  }
  const asProcess = (...args: string[]): Promise<Ended> => kept(cliProcess(args, { env: env() }));
  const inProcess = (...args: string[]): Promise<Ended> => kept(cli(args, { env: env() }));
  const json = ({ stdout }: Ended): unknown => JSON.parse(stdout);
  const inBash = (script: string, more: Record<string, string> = {}): Promise<{ stdout: string; stderr: string }> =>
    sh("bash", ["--norc", "-c", script], {
      env: { PATH: `${folder}:${process.env["PATH"]}`, SHELL: "/bin/bash", ...env(), ...more },
      cwd: folder,
    });
  async function audited(): Promise<Record<string, string>[]> {
    const entries = await world.redis.redis.xrange(auditKey("acts"), "-", "+");
    return entries.map(([, fields]) =>
      Object.fromEntries(fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1] ?? ""]] : []))),
    );
  }

  it("status shows every credential in the words of the page, the worst first, and ends with 1 when one is bad", async () => {
    const [english, chinese] = await Promise.all([asProcess("status"), asProcess("status", "--lang", "zh")]);

    expect([english.code, english.stderr]).toEqual([1, ""]);
    const [head = "", ...lines] = english.stdout.split("\n");
    expect(head.split(/ {2,}/)).toEqual(["Credential", "Kind", "State", "Life left", "Last refresh", "Next", "Today"]);
    expect(lines.slice(0, 3).map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual([
      ["walled", "access_token", `■ ${STATE_WORDS.blocked.word.en}`],
      ["shop", "access_token", `● ${STATE_WORDS.healthy.word.en}`],
      ["shop", "jsapi_ticket", `● ${STATE_WORDS.healthy.word.en}`],
    ]);
    expect(lines[1]).toMatch(/(2 h 0|1 h 5\d) min +refreshed · missing · \d+ s ago +in 1 h 5\d min +1 of \d+ fetches$/);
    const rerun = `tokenkeeper rerun --account ${world.appId("walled")}`;
    expect(english.stdout).toContain("What to do: Add 203.0.113.7 to the IP whitelist");
    expect(english.stdout).toContain(`then run \`${rerun}\``);
    // No colour where no terminal is.
    expect(english.stdout).not.toContain("\u001B");
    expect(chinese.stdout).toContain(`■ ${STATE_WORDS.blocked.word.zh}`);
    expect(chinese.stdout).toContain("处理方法: 在公众平台");
    expect(chinese.stdout).toContain(`执行 \`${rerun}\``);
  });

  it("status finds by part of a name and by state, also as JSON", async () => {
    const found = await inProcess("status", "SHO", "--json");

    expect(found.code).toBe(0);
    const { now, credentials } = json(found) as { now: number; credentials: Record<string, unknown>[] };
    expect(Math.abs(now - Date.now())).toBeLessThan(60_000);
    expect(credentials.map(({ name, kind, state }) => [name, kind, state])).toEqual([
      ["shop", "access_token", "healthy"],
      ["shop", "jsapi_ticket", "healthy"],
    ]);
    for (const field of ["account", "level", "expiresAt", "nextAt", "last", "used", "cap", "foreign"]) {
      expect(credentials[0]).toHaveProperty(field);
    }
    expect((await inProcess("status", "--state", "blocked")).stdout).toMatch(/1 of 3 credentials\n$/);
    expect(await inProcess("status", "nothing-like-this")).toMatchObject({ code: 0, stderr: "" });
  });

  it("status --watch goes on looking until it is told to end", async () => {
    const watching = startCli(["status", "--watch", "--state", "healthy"], { env: env() });
    await eventually(() => expect(watching.stdout().split("2 of 3 credentials").length).toBeGreaterThan(2), {
      what: "a second look",
      timeoutMs: 30_000,
    });

    // A Redis that is away for a while does not end it.
    await world.redis.down();
    await eventually(() => expect(watching.stdout()).toContain("Redis does not answer"), {
      what: "the word that Redis is away",
      timeoutMs: 30_000,
    });
    await world.redis.restart();
    await eventually(() => expect(watching.stdout().trimEnd()).toMatch(/2 of 3 credentials$/), {
      what: "a look after that",
      timeoutMs: 30_000,
    });

    watching.signal("SIGINT");

    expect(await kept(watching.ended)).toMatchObject({ code: 0, stderr: "" });
  });

  it("is in colour at a terminal, unless NO_COLOR is set", async () => {
    const atTerminal = (more: Record<string, string> = {}): Promise<{ stdout: string }> =>
      inBash('script -qec "tokenkeeper status" /dev/null || true', { TERM: "xterm-256color", ...more });

    const [coloured, plain] = await Promise.all([atTerminal(), atTerminal({ NO_COLOR: "1" })]);

    expect(coloured.stdout).toContain("\u001B[31m■ Needs you\u001B[39m");
    expect(plain.stdout).toContain("■ Needs you");
    expect(plain.stdout).not.toContain("\u001B[31m");
  });

  it("accounts lists what the workers keep", async () => {
    expect((await inProcess("accounts")).stdout).toMatch(
      /^shop +wx0{15}1 +official-account +stable +access_token, jsapi_ticket$/m,
    );
    expect(json(await inProcess("accounts", "--json"))).toEqual({
      accounts: [
        expect.objectContaining({ id: world.appId("shop"), name: "shop", kinds: ["access_token", "jsapi_ticket"] }),
        expect.objectContaining({ id: world.appId("walled"), name: "walled" }),
      ],
    });
  });

  it("get shows a credential without its value", async () => {
    const token = await world.tokens.getAccessToken("shop");

    const [text, object] = [await asProcess("get", "shop"), await inProcess("get", world.appId("shop"), "--json")];

    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(new RegExp(`^Fingerprint: ${fingerprint(token)}$`, "m"));
    expect(text.stdout).toMatch(/^Life left: (2 h 0|1 h 5\d) min$/m);
    expect(Object.keys(json(object) as object)).toEqual([
      "account",
      "name",
      "kind",
      "state",
      "fingerprint",
      "version",
      "issuedAt",
      "expiresAt",
      "lifeLeftMs",
    ]);
    expect(await inProcess("get", "walled")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^Apps have no value of walled · access_token\./),
    });
  });

  it("get --reveal prints the value alone, so that a script can take it", async () => {
    const [token, ticket] = [await world.tokens.getAccessToken("shop"), await world.tokens.getTicket("shop", "jsapi")];

    const taken = await inBash('T=$(tokenkeeper get shop --reveal) && printf "<%s>" "$T"');
    const revealed = await cliProcess(["get", "shop", "jsapi", "--reveal"], { env: env() });

    expect(taken).toEqual({ stdout: `<${token}>`, stderr: "" });
    expect(revealed).toEqual({ code: 0, stdout: `${ticket}\n`, stderr: "" });
    expect(await inProcess("get", "shop", "--reveal", "--json")).toMatchObject({ code: 64, stdout: "" });
  });

  it("refresh asks a worker and waits for how it ends; the act is in the audit trail before it", async () => {
    const token = await world.tokens.getAccessToken("shop");

    expect(await asProcess("refresh", "shop", "--wait")).toMatchObject({
      code: 0,
      stdout: "● shop · access_token: fresh: nothing to do.\n",
    });
    const forced = await inProcess("refresh", "shop", "--force", "--wait", "--json");

    expect(forced.code).toBe(0);
    expect(json(forced)).toMatchObject({ outcome: "refreshed", reason: "forced", fingerprint: expect.any(String) });
    expect((json(forced) as { fingerprint: string }).fingerprint).not.toBe(fingerprint(token));
    const target = `${world.appId("shop")}:access_token`;
    expect(await audited()).toMatchObject([
      { user: `cli:${userInfo().username}`, role: "", action: "refresh", target },
      { result: "done" },
      { user: "cli:tester", role: "", address: "here", action: "force", target },
      { result: "done" },
    ]);
  });

  it("refresh says what to do when it fails, and ends with 1", async () => {
    const [text, object] = [
      await asProcess("refresh", "walled", "--wait", "--lang=zh"),
      await inProcess("refresh", "walled", "--wait", "--json"),
    ];

    expect(text).toMatchObject({ code: 1, stderr: "" });
    expect(text.stdout).toMatch(
      /^■ walled · access_token：失败 · 40164。\n {2}IP 203\.0\.113\.7 不在.*\n {2}处理方法: .*执行 `tokenkeeper rerun \d+`/,
    );
    expect(object.code).toBe(1);
    expect(json(object)).toMatchObject({ outcome: "failed", code: "40164", ip: "203.0.113.7" });
    expect(await inProcess("refresh", "walled", "jsapi")).toMatchObject({
      code: 1,
      stderr: "Account walled has no such credential; it has access_token.\n",
    });
  });

  it("failed lists code, sentence and remedy; rerun runs them again once the cause is mended", async () => {
    const before = await asProcess("failed", "--account", "walled");
    const jobs = (json(await inProcess("failed", "--json")) as { jobs: Record<string, unknown>[] }).jobs;
    expect(before.code).toBe(1);
    expect(before.stdout).toMatch(
      /^■ walled · access_token · \d+ s ago · job (\d+) · 40164 · ip 203\.0\.113\.7 · rid [\w-]+\n {2}The IP 203\.0\.113\.7 is not on .*\n {2}What to do: Add 203\.0\.113\.7.* run `tokenkeeper rerun \1`/,
    );
    expect(jobs[0]).toMatchObject({
      name: "walled · access_token",
      code: "40164",
      remedy: { en: expect.any(String), zh: expect.any(String) },
    });
    world.simulator.control.patchAccount(world.appId("walled"), { whitelist: null });

    const [first, ...others] = jobs.map(({ job }) => String(job));
    expect(await inProcess("rerun", first ?? "")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^1 failed job is re-run\./),
    });
    const rest = await asProcess("rerun", "--all", "--json");

    expect(rest.code).toBe(0);
    expect(json(rest)).toEqual({ rerun: others.length, skipped: 0, left: 0 });
    await eventually(async () => expect(await inProcess("failed")).toMatchObject({ code: 0 }), {
      what: "no failed job",
      timeoutMs: 20_000,
    });
    expect((await inProcess("failed")).stdout).toBe("No job waits to be re-run.\n");
    expect((await audited()).map(({ action, target }) => [action, target])).toEqual(
      expect.arrayContaining([
        ["retry_job", `walled · access_token · ${first}`],
        ["rerun", `${world.appId("walled")}:access_token`],
      ]),
    );
    expect(await inProcess("rerun", "--all")).toMatchObject({ code: 0, stdout: "No job waits to be re-run.\n" });
    expect(await inProcess("rerun", first ?? "")).toMatchObject({ code: 1, stdout: "" });
  });

  it("has the rights of its Redis user: a worker's suffice for all, a dashboard's for all but values", async () => {
    const contract = await readDocument("docs/key-contract.md");
    const as = async (user: string, ...args: string[]): Promise<Ended> => {
      const rules = blockOf(contract, `acl ${user}`).split(" ");
      await world.redis.redis.call("ACL", "SETUSER", user, "reset", "on", ">of-a-user", ...rules);
      const url = new URL(world.redis.url);
      [url.username, url.password] = [user, "of-a-user"];
      return cli(args, { env: { REDIS_URL: url.href, WECHAT_API_BASE_URL: world.simulator.url } });
    };

    for (const user of ["worker", "dashboard"]) {
      expect(await as(user, "status", "shop")).toMatchObject({ code: 0 });
      expect(await as(user, "refresh", "shop", "--wait")).toMatchObject({ code: 0 });
      expect(await as(user, "get", "shop")).toMatchObject({ code: 0 });
      expect(await as(user, "doctor")).toMatchObject({
        stderr: "",
        stdout: expect.stringMatching(/^● workers +1 alive/m),
      });
    }
    expect(await as("worker", "get", "shop", "--reveal")).toMatchObject({ code: 0 });
    expect(await as("dashboard", "get", "shop", "--reveal")).toEqual({
      code: 1,
      stdout: "",
      stderr: "The Redis user of REDIS_URL may not read values: use that of a worker or of an app.\n",
    });
  });

  it.runIf(existsSync("/dev/full"))("ends with 1 when its output is lost, and well when nobody reads on", async () => {
    const [full, withRedis, head] = await Promise.all([
      inBash('tokenkeeper hash-key --lang zh > /dev/full; echo "$?"'),
      inBash('tokenkeeper accounts --json > /dev/full; echo "$?"'),
      inBash('tokenkeeper accounts --json | true; echo "${PIPESTATUS[0]}"'),
    ]);

    expect(full).toEqual({ stdout: "1\n", stderr: "输出无法写入（ENOSPC），内容不完整。\n" });
    expect(withRedis).toEqual({
      stdout: "1\n",
      stderr: "The output could not be written (ENOSPC): it is not whole.\n",
    });
    expect(head).toEqual({ stdout: "0\n", stderr: "" });
  });

  it("does nothing that cannot be written down", async () => {
    const { redis } = world.redis;
    await redis.rename(auditKey("acts"), "kept");
    await redis.set(auditKey("acts"), "no stream");
    const jobs = await world.refreshQueue.getJobCounts();

    const refused = await inProcess("refresh", "shop", "--force");

    await redis.rename("kept", auditKey("acts"));
    expect(refused).toMatchObject({ code: 69, stdout: "", stderr: expect.stringMatching(/nothing was done/) });
    expect(await world.refreshQueue.getJobCounts()).toEqual(jobs);
  });

  it.each<[string, string[], number, RegExp, Record<string, string>?]>([
    ["no command", [], 64, /^No command is given\./],
    ["an unknown command", ["statsu"], 64, /status/],
    ["an unknown option", ["status", "--wach"], 64, /wach/],
    ["an unknown account", ["get", "shpo"], 1, /^No worker keeps an account "shpo"; did you mean shop\?/],
    ["a number that is none", ["failed", "--most", "few"], 64, /^--most wants a whole number/],
    ["a time that is none", ["refresh", "shop", "--wait", "--timeout", "0"], 64, /^--timeout wants a whole number/],
    ["rerun without saying which", ["rerun"], 64, /^Say which/],
    ["rerun with two ways to say which", ["rerun", "1", "--all"], 64, /^Say which/],
    ["no Redis", ["status"], 78, /^No Redis is named: set REDIS_URL/, { REDIS_URL: "" }],
    ["a URL of something else", ["status"], 78, /redis:\/\//, { REDIS_URL: "http://:canary-pw@127.0.0.1" }],
    [
      "a Redis that is away",
      ["get", "shop"],
      69,
      /^Redis does not answer/,
      { REDIS_URL: "redis://:canary-pw@127.0.0.1:1" },
    ],
    ["a wrong kind that may be a secret", ["get", "shop", "canary".repeat(6)], 64, /a text of 36 characters/],
  ])("ends as documented on %s", async (_case, ...[args, code, text, more = {}]) => {
    const ended = await kept(cli(args, { env: { ...env(), ...more } }));

    expect([ended.code, ended.stdout]).toEqual([code, ""]);
    expect(ended.stderr).toMatch(text);
    expect(ended.stderr).not.toContain("canary");
  });

  it("speaks Chinese throughout when asked to", async () => {
    const zh = async (args: string[], input = ""): Promise<string> => {
      const { stdout, stderr } = await kept(cli([...args, "--lang", "zh"], { env: env(), input }));
      return stdout + stderr;
    };

    expect(await zh(["get", "shpo"])).toBe(
      '没有 worker 维护账号 "shpo"，是否指 shop？ `tokenkeeper accounts` 列出全部账号。\n',
    );
    expect(await zh(["get", "x".repeat(36)])).toMatch(/^没有 worker 维护账号 \[36 个字符的文本\]。/);
    expect(await zh(["get", "shop", "x".repeat(36)])).toContain("[36 个字符的文本]");
    expect(await zh(["hash-password"], "short")).toBe("密码须为 8 至 1024 个字符，未求哈希。\n");
    expect(await zh(["hash-password", "canary-secret"])).toMatch(/^密码不会从命令行参数读取/);
    expect(await zh(["hash-key"])).toMatch(/^密钥，[^a-z]+\n {2}[\w-]{43}\n哈希，写入/);
  });

  it("makes hashes of what is piped in, and of nothing that stands on the command line", async () => {
    const password = await cli(["hash-password"], { env: {}, input: "correct horse\n" });
    const hash = parseHash(password.stdout.trimEnd());
    expect(hash && (await verifyPassword("correct horse", hash))).toBe(true);
    for (const command of ["hash-password", "hash-key"]) {
      for (const given of ["canary-secret", "--canary=secret"]) {
        const refused = await kept(cli([command, given], { env: {} }));
        expect(refused).toMatchObject({ code: 64, stdout: "" });
        expect(refused.stderr).toMatch(/never taken from the command line/);
      }
    }

    const { stdout: made } = await cli(["hash-key"], { env: {} });
    const [, key = "", keyHash] = /^ {2}([\w-]{43})$[^]*^ {2}hash: (sha256:[0-9a-f]{64})$/m.exec(made) ?? [];
    expect(apiKeyHash(key)).toBe(keyHash);
    expect(await cli(["hash-key", "--stdin"], { env: {}, input: `${key}\n` })).toMatchObject({
      code: 0,
      stdout: `${keyHash}\n`,
    });
    expect(await cli(["hash-key", "--stdin"], { env: {}, input: "short" })).toMatchObject({ code: 1, stdout: "" });
  });

  it("completion is accepted by bash and completes commands, options and accounts", async () => {
    const script = [
      "tokenkeeper completion > completion.bash",
      "bash -n completion.bash",
      "source completion.bash",
      'complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _tokenkeeper_yargs_completions; echo "${COMPREPLY[*]}"; }',
      "complete_words tokenkeeper st",
      'complete_words tokenkeeper get ""',
      "complete_words tokenkeeper refresh shop --fo",
    ].join(" && ");

    const [{ stdout, stderr }, zsh] = await Promise.all([
      inBash(script),
      inBash("tokenkeeper completion", { SHELL: "/usr/bin/zsh" }),
    ]);

    expect(stderr).toBe("");
    expect(stdout).toBe("status\nshop walled\n--force\n");
    expect(zsh.stdout).toMatch(/^#compdef tokenkeeper\n/);
  });

  it("shows no token, ticket, secret or password in all that it printed without --reveal", async () => {
    const secrets = [
      await world.tokens.getAccessToken("shop"),
      await world.tokens.getTicket("shop", "jsapi"),
      ...world.config().accounts.map(({ secret }) => secret.reveal()),
      new URL(world.redis.url).password,
      "canary",
    ];

    expect(written.length).toBeGreaterThan(50);
    for (const secret of secrets) expect(written.join("\n").includes(secret)).toBe(false);
  });
});
