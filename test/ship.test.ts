// What ships: the image, the compose file, and the files to copy and fill in.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { loadWorkerConfig, SETTINGS } from "@tokenkeeper/core";
import { anyFreePort } from "@tokenkeeper/launcher";
import { findApt } from "../packages/launcher/src/apt.ts";
import { findOnPath } from "../packages/launcher/src/executable.ts";
import { readStages, replayStage, type Image, type Stage } from "./support/dockerfile.ts";
import { eventually } from "./support/eventually.ts";
import { startTestRedis, type TestRedis } from "./support/redis.ts";

const ROOT = join(import.meta.dirname, "..");
const run = promisify(execFile);
// `yaml` is a dependency of core, not of the tests.
const { parse } = createRequire(join(ROOT, "packages/core/package.json"))("yaml") as {
  readonly parse: (text: string, options?: { merge: boolean }) => unknown;
};

const read = (file: string): Promise<string> => readFile(join(ROOT, file), "utf8");

/** Names and values of an env file; `# NAME=` counts too: it shows the default. */
async function envExample(): Promise<Map<string, string>> {
  const found = (await read(".env.example")).matchAll(/^(?:# )?([A-Z][A-Z0-9_]+)=(.*)$/gm);
  return new Map([...found].map(([, name = "", value = ""]) => [name, value]));
}

interface Service {
  readonly read_only: boolean;
  readonly cap_drop: string[];
  readonly security_opt: string[];
  readonly tmpfs: string[];
  readonly user?: string;
  readonly command?: string[];
  readonly ports?: string[];
  readonly build?: { readonly target: string };
  readonly healthcheck?: object;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly environment: Readonly<Record<string, string>>;
}

describe("docker-compose.yml", () => {
  let services: Record<string, Service>;
  let text: string;
  beforeAll(async () => {
    text = await read("docker-compose.yml");
    ({ services } = parse(text, { merge: true }) as { services: Record<string, Service> });
  });

  it("runs Redis, worker and dashboard, each without rights it does not need", () => {
    expect(Object.keys(services)).toEqual(["redis", "worker", "dashboard"]);
    for (const service of Object.values(services)) {
      expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
      expect(service.tmpfs).toEqual([expect.stringContaining("/tmp:noexec")]);
    }
  });

  it("keeps every write of Redis and evicts nothing", () => {
    const command = services["redis"]?.command?.join(" ");

    expect(command).toContain("--appendonly yes");
    expect(command).toContain("--maxmemory-policy noeviction");
    expect(command).toContain("--requirepass ${REDIS_PASSWORD:?");
  });

  it("starts worker and dashboard when Redis is healthy, and knows the health of all three", async () => {
    const stages = await readStages(ROOT, {});

    expect(services["redis"]?.healthcheck).toBeDefined();
    for (const name of ["worker", "dashboard"]) {
      const target = services[name]?.build?.target;
      expect(services[name]?.depends_on).toEqual({ redis: { condition: "service_healthy" } });
      expect(stages.find((stage) => stage.name === target)?.instructions.map(({ word }) => word)).toContain(
        "HEALTHCHECK",
      );
    }
  });

  it("publishes the dashboard on the loopback address, and nothing else", () => {
    expect(Object.values(services).flatMap(({ ports }) => ports ?? [])).toEqual(["127.0.0.1:3010:3010"]);
  });

  it("takes every value from a variable that .env.example lists", async () => {
    const known = await envExample();
    const used = new Set([...text.matchAll(/^[^#]*?\$\{([A-Z_]+)/gm)].map(([, name = ""]) => name));

    expect([...used].filter((name) => !known.has(name))).toEqual([]);
  });

  it("is accepted by docker-compose of Debian", { timeout: 300_000 }, async (context) => {
    const compose = await findCompose();
    if (compose === undefined) return context.skip("no docker-compose here, and none can be installed");
    const folder = await mkdtemp(join(tmpdir(), "tokenkeeper-compose-"));
    try {
      for (const file of ["docker-compose.yml", "Dockerfile"]) await cp(join(ROOT, file), join(folder, file));
      const filled = (await read(".env.example")).replaceAll(
        /^([A-Z_]*(?:PASSWORD|SECRET))=$/gm,
        "$1=0123456789abcdef",
      );
      await writeFile(join(folder, ".env"), filled);

      const { stdout } = await run(compose, ["config"], { cwd: folder, env: { PATH: process.env["PATH"] } });

      const accepted = parse(stdout) as { services: Record<string, Service> };
      expect(accepted.services["worker"]?.environment).toMatchObject({
        REDIS_URL: "redis://:0123456789abcdef@redis:6379",
        SHOP_SECRET: "0123456789abcdef",
        DASHBOARD_PASSWORD: "",
      });
      expect(accepted.services["dashboard"]?.environment).not.toHaveProperty("SHOP_SECRET");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

async function findCompose(): Promise<string | undefined> {
  const present = await findOnPath(["docker-compose"], process.env);
  if (present !== undefined || process.getuid?.() !== 0) return present;
  await (await findApt(process.env))?.install(["docker-compose"]);
  return findOnPath(["docker-compose"], process.env);
}

describe(".env.example", () => {
  it("lists every setting, with its default", async () => {
    const known = await envExample();
    const defaults = Object.entries(SETTINGS).map(([name, rule]) => [
      name,
      String(rule.safeParse(undefined).data ?? ""),
    ]);
    // Not a default of the schema: the file that is looked for in the working folder.
    const expected = { ...Object.fromEntries(defaults), TOKENKEEPER_CONFIG: "tokenkeeper.yaml" };

    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, known.get(name)]))).toEqual(expected);
  });
});

describe("tokenkeeper.example.yaml", () => {
  it("is a configuration that the worker accepts once its secrets are set", async () => {
    const env = {
      REDIS_URL: "redis://127.0.0.1:6379",
      SHOP_SECRET: "0123456789abcdef0123456789abcdef",
      MINI_SECRET: "fedcba9876543210fedcba9876543210",
    };
    const bytes = new TextEncoder().encode(await read("tokenkeeper.example.yaml"));

    const config = loadWorkerConfig(env, () => ({ bytes, mode: 0o400 }));

    expect(config.accounts.map(({ name, kinds }) => [name, kinds])).toEqual([
      ["shop", ["access_token", "jsapi_ticket", "wx_card_ticket"]],
      ["mini", ["access_token"]],
    ]);
    expect(config.warnings).toEqual([]);
  });
});

describe("Dockerfile", () => {
  let stages: readonly Stage[];
  let redis: TestRedis;
  let folder: string;
  beforeAll(async () => {
    [stages, redis, folder] = await Promise.all([
      readStages(ROOT, { NPM_REGISTRY: process.env["npm_config_registry"] ?? "" }),
      startTestRedis(),
      mkdtemp(join(tmpdir(), "tokenkeeper-image-")),
    ]);
  });
  afterAll(async () => {
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("builds on the Node of the workspace, from a registry that can be changed", async () => {
    const { nodeVersion } = parse(await read("pnpm-workspace.yaml")) as { nodeVersion: string };
    const bases = stages.map(({ base }) => base).filter((base) => base.includes("/"));

    expect(await read("Dockerfile")).toMatch(/^ARG REGISTRY=docker\.io\/library\/$/m);
    expect(new Set(bases)).toEqual(new Set([`docker.io/library/node:${nodeVersion.split(".")[0]}-bookworm-slim`]));
  });

  // As in an image: Node 24 comes first on the PATH.
  const plain = { PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}`, HOME: process.env["HOME"] };
  // A machine reaches its package registry by settings of its own.
  const building = { ...process.env, ...plain };

  it.each([
    {
      target: "worker",
      port: "WORKER_HEALTH_PORT",
      settings: { WECHAT_API_BASE_URL: "http://127.0.0.1:1" },
      complaint: "TOKENKEEPER_CONFIG: expected",
    },
    {
      target: "dashboard",
      port: "DASHBOARD_PORT",
      settings: { DASHBOARD_PASSWORD: "correct horse" },
      complaint: "REDIS_URL: expected",
    },
  ])("makes a $target of its sources and production packages alone", { timeout: 180_000 }, async (row) => {
    const home = join(folder, row.target);
    const image = await replayStage(row.target, { stages, context: ROOT, folder: home, env: building });

    expect(image.user).toBe("node");
    expect(image.env["NODE_ENV"]).toBe("production");
    await expect(stat(join(home, "node_modules/.bin/vitest"))).rejects.toThrow("ENOENT");
    const refused = await start(image, { home, env: {} });
    expect(await refused.ended).toEqual([78, null]);
    expect(refused.output()).toContain(row.complaint);

    await cp(join(ROOT, "examples/tokenkeeper.yaml"), join(home, "tokenkeeper.yaml"));
    const env = { REDIS_URL: redis.url, ...row.settings, [row.port]: String(await anyFreePort()) };
    const program = await start(image, { home, env });
    const [node = "", ...args] = image.healthcheck;
    await expect(run(node, args, { env: { ...plain, [row.port]: "1" } })).rejects.toMatchObject({ code: 1 });
    await eventually(() => run(node, args, { env: { ...plain, ...env } }), {
      timeoutMs: 20_000,
      what: `the health check of the ${row.target} to pass; it wrote: ${program.output()}`,
    });
    if (row.target === "worker") await examine(home, env);
    program.stop();
    expect(await program.ended).toEqual([0, null]);
  });

  /** The command line of the worker's image sees the worker beside it. */
  async function examine(home: string, env: Record<string, string>): Promise<void> {
    const args = ["packages/cli/src/main.ts", "doctor", "--json"];
    const { stdout } = await run("node", args, { cwd: home, env: { ...plain, ...env } }).catch(
      (error: { stdout: string }) => error,
    );
    const { checks } = JSON.parse(stdout) as { checks: { name: string; findings: { level: string }[] }[] };
    const levels = Object.fromEntries(checks.map(({ name, findings }) => [name, findings.map(({ level }) => level)]));
    expect(levels).toMatchObject({ config: ["ok"], redis: ["ok"], workers: ["ok"], wechat: ["problem"] });
  }

  async function start(
    image: Image,
    { home, env }: { home: string; env: Record<string, string> },
  ): Promise<{ ended: Promise<unknown[]>; output: () => string; stop: () => void }> {
    const [node = "", ...args] = image.command;
    const child = spawn(node, args, { cwd: home, env: { ...plain, ...image.env, ...env } });
    onTestFinished(() => void child.kill("SIGKILL"));
    let written = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (written += String(chunk)));
    return { ended: once(child, "exit"), output: () => written, stop: () => void child.kill("SIGTERM") };
  }
});
