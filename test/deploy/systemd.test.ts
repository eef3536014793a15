// deploy/systemd: units that systemd accepts, locked in as far as Node allows, and in step with the processes.
import { execFile } from "node:child_process";
import { cp, glob, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDurations, EXIT, loadWorkerConfig, SETTINGS } from "@tokenkeeper/core";
import { findApt } from "@tokenkeeper/launcher";
import { libraryFolders } from "../../packages/launcher/src/apt.ts";
import { findOnPath } from "../../packages/launcher/src/executable.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, "deploy/systemd");
const UNITS = ["tokenkeeper-worker@.service", "tokenkeeper-dashboard.service"];
/** Of 100, as `systemd-analyze security` counts: 0 is a process that may do nothing. */
const MOST_EXPOSED = 20;
const run = promisify(execFile);

/** A unit's directives in the order of the file; one may stand there several times. */
async function directivesOf(unit: string): Promise<[name: string, value: string][]> {
  const text = await readFile(join(FOLDER, unit), "utf8");
  return [...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]);
}

async function valuesOf(unit: string, name: string): Promise<string[]> {
  return (await directivesOf(unit)).filter(([found]) => found === name).map(([, value]) => value);
}

describe.each(UNITS)("%s", (unit) => {
  const part = unit.includes("worker") ? "worker" : "dashboard";

  it("runs the program of the image and of `pnpm`, as a user of its own", async () => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const [start = ""] = await valuesOf(unit, "ExecStart");

    expect(start).toBe(`/usr/bin/${scripts[part]}`);
    await expect(stat(join(ROOT, start.split(" ").at(-1) ?? ""))).resolves.toBeDefined();
    expect(await valuesOf(unit, "User")).toEqual([`tokenkeeper-${part}`]);
    expect(await readFile(join(FOLDER, "tokenkeeper.sysusers.conf"), "utf8")).toContain(`u tokenkeeper-${part} `);
  });

  it("is given time to end, and is started again unless its configuration is wrong", async () => {
    const directives = Object.fromEntries(await directivesOf(unit));

    expect(Number(directives["TimeoutStopSec"]) * 1_000).toBeGreaterThan(createDurations(1).shutdown);
    expect(directives).toMatchObject({
      KillSignal: "SIGTERM",
      Restart: "on-failure",
      RestartPreventExitStatus: String(EXIT.configuration),
      StartLimitIntervalSec: "0",
    });
  });

  it("sets only settings that there are, and takes secrets from a file that systemd reads", async () => {
    const set = (await valuesOf(unit, "Environment")).flatMap((line) => line.split(" "));
    const names = set.map((pair) => pair.split("=")[0] ?? "");
    const example = await readFile(join(FOLDER, `${part}.env.example`), "utf8");
    const inFile = [...example.matchAll(/^(?:# )?([A-Z][A-Z_]+)=/gm)].map(([, name = ""]) => name);

    expect(names.filter((name) => !(name in SETTINGS) && name !== "NODE_OPTIONS")).toEqual([]);
    expect(inFile.filter((name) => !(name in SETTINGS) && !/^(SHOP|MINI)_SECRET$/.test(name))).toEqual([]);
    // A variable of the file would win over one of the unit.
    expect(names.filter((name) => inFile.includes(name))).toEqual([]);
    expect(await valuesOf(unit, "EnvironmentFile")).toContain(`/etc/tokenkeeper/${part}.env`);
  });
});

describe("deploy/systemd/README.md", () => {
  it("names files that are there, and a way to secrets that the worker takes", async () => {
    const text = await readFile(join(FOLDER, "README.md"), "utf8");
    for (const file of ["tokenkeeper.sysusers.conf", "../redis/tokenkeeper.conf", "../redis/users.acl.example"]) {
      expect(text).toContain(file);
      await expect(stat(join(FOLDER, file))).resolves.toBeDefined();
    }
    const [, secretFile = ""] = /`secretFile: (\$\{CREDENTIALS_DIRECTORY\}\/shop)`/.exec(text) ?? [];
    const yaml = `accounts: [{ type: mini-program, appId: wx1234567890abcdef, "secretFile": "${secretFile}" }]`;

    const config = loadWorkerConfig(
      { REDIS_URL: "redis://127.0.0.1", CREDENTIALS_DIRECTORY: "/run/credentials/tokenkeeper-worker@3011.service" },
      (path) => ({ bytes: new TextEncoder().encode(path.startsWith("/run/") ? "0".repeat(32) : yaml), mode: 0o400 }),
    );

    expect(config.accounts).toMatchObject([{ id: "wx1234567890abcdef" }]);
    expect(config.warnings).toEqual([]);
  });
});

describe("systemd", () => {
  let analyze: { file: string; env: NodeJS.ProcessEnv } | undefined;
  let folder: string;
  beforeAll(async () => {
    analyze = await findAnalyze();
    folder = await mkdtemp(join(tmpdir(), "tokenkeeper-systemd-"));
    for (const unit of UNITS) {
      const text = await readFile(join(FOLDER, unit), "utf8");
      await writeFile(join(folder, unit), text.replaceAll("/usr/bin/node", process.execPath));
    }
  }, 300_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.for(UNITS)("accepts %s without a word, and says that it may do little", async (unit, context) => {
    if (!analyze) return context.skip("no systemd-analyze here, and none can be had");
    const { file, env } = analyze;

    expect(await run(file, ["verify", "--man=no", join(folder, unit)], { env })).toEqual({ stdout: "", stderr: "" });
    // Its exit code tells whether the unit stays below.
    await run(file, ["security", "--offline=true", `--threshold=${MOST_EXPOSED}`, join(folder, unit)], { env });
  });

  it("would have said so of a unit with a fault", async (context) => {
    if (!analyze) return context.skip("no systemd-analyze here, and none can be had");
    const { file, env } = analyze;
    const [worker = "", dashboard = ""] = UNITS.map((unit) => join(folder, unit));
    const [typo, open] = [join(folder, "typo@.service"), join(folder, "open.service")];
    await writeFile(typo, (await readFile(worker, "utf8")).replace("NoNewPrivileges=", "NoNewPrivilege="));
    await cp(dashboard, open);
    await writeFile(
      open,
      (await readFile(open, "utf8")).replaceAll(/^(Protect|Restrict|Private|Cap|Sys)\w+=.*$/gm, ""),
    );

    expect((await run(file, ["verify", "--man=no", typo], { env })).stderr).toContain("NoNewPrivilege");
    const look = run(file, ["security", "--offline=true", `--threshold=${MOST_EXPOSED}`, open], { env });
    await expect(look).rejects.toMatchObject({ code: 1 });
  });
});

/** Unpacked, never installed: a package of an init system is not a test's to put on a machine. */
async function findAnalyze(): Promise<{ file: string; env: NodeJS.ProcessEnv } | undefined> {
  const present = await findOnPath(["systemd-analyze"], process.env);
  if (present !== undefined) return { file: present, env: process.env };
  const folder = join(ROOT, ".tokenkeeper/cache/systemd");
  for (const attempt of ["look", "unpack"]) {
    if (attempt === "unpack" && !(await (await findApt(process.env))?.unpack(["systemd"], folder))) return undefined;
    for await (const path of glob("**/bin/systemd-analyze", { cwd: folder })) {
      const libraries = (await libraryFolders(folder)).join(":");
      return { file: join(folder, path), env: { ...process.env, LD_LIBRARY_PATH: libraries } };
    }
  }
  return undefined;
}
