// What ships: the image, the compose file, and the files to copy and fill in.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, glob, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { createDurations, loadWorkerConfig, SETTINGS } from "@tokenkeeper/core";
import { anyFreePort } from "@tokenkeeper/launcher";
import { parse } from "yaml";
import { findApt } from "../packages/launcher/src/apt.ts";
import { findOnPath } from "../packages/launcher/src/executable.ts";
import { readDockerignore } from "./support/dockerignore.ts";
import { readStages, replayStage, type Image, type Stage } from "./support/dockerfile.ts";
import { eventually } from "./support/eventually.ts";
import { startTestRedis, type TestRedis } from "./support/redis.ts";

const ROOT = join(import.meta.dirname, "..");
const run = promisify(execFile);

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
  readonly image?: string;
  readonly profiles?: string[];
  readonly entrypoint?: string[];
  readonly volumes?: string[];
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

  it("runs Redis, worker and dashboard, with metrics if asked to, each without rights it does not need", () => {
    const profiles = Object.entries(services).map(([name, service]) => [name, ...(service.profiles ?? [])]);
    expect(profiles).toEqual([["redis"], ["worker"], ["dashboard"], ["prometheus", "metrics"], ["grafana", "metrics"]]);
    for (const service of Object.values(services)) {
      expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
      expect(service.tmpfs).toEqual([expect.stringContaining("/tmp:noexec")]);
    }
  });

  it("keeps every write of Redis, evicts nothing, and ends when it is told to", async () => {
    const [shell = "", option = "", script = ""] = services["redis"]?.command ?? [];
    const folder = await mkdtemp(join(tmpdir(), "tokenkeeper-compose-redis-"));
    const port = await anyFreePort();
    await symlink(inject("redisServer"), join(folder, "redis-server"));
    const own = `redis-server - --port ${port} --bind 127.0.0.1`;
    const server = spawn(shell, [option, script.replaceAll("$$", "$").replace("redis-server -", own)], {
      cwd: folder,
      env: { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"]}`, REDISCLI_AUTH: "0123456789abcdef" },
      stdio: "ignore",
    });
    const ended = once(server, "exit");
    const client = new Redis({ port, password: "0123456789abcdef", protocol: 2, enableReadyCheck: false });
    const stranger = new Redis({ port, protocol: 2, enableReadyCheck: false });
    for (const each of [client, stranger]) each.on("error", () => undefined);
    onTestFinished(async () => {
      for (const each of [client, stranger]) each.disconnect();
      server.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    });
    await eventually(() => client.ping(), { what: "the server to answer" });

    expect(await client.config("GET", "appendonly")).toEqual(["appendonly", "yes"]);
    expect(await client.config("GET", "maxmemory*")).toEqual(
      expect.arrayContaining(["maxmemory", String(384 * 1024 ** 2), "maxmemory-policy", "noeviction"]),
    );
    await expect(stranger.ping()).rejects.toThrow("NOAUTH");
    server.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });

  it("has no password on a command line, where everybody on the machine could read it", () => {
    const lines = Object.entries(services).flatMap(([name, { command, entrypoint, healthcheck }]) =>
      [command, entrypoint, healthcheck].map((line) => ({ name, line: JSON.stringify(line ?? []) })),
    );

    expect(lines.filter(({ line }) => /\$\{?\w*(PASSWORD|SECRET)/.test(line.replaceAll("$$", "")))).toEqual([]);
    expect(services["redis"]?.environment["REDISCLI_AUTH"]).toMatch(/^\$\{REDIS_PASSWORD:\?/);
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

  it("mounts folders: a single file that is replaced on the machine would never get there", async () => {
    const documented = [
      ...(await read("docs/deployment.md")).matchAll(/^```yaml\n((?:# alerts\n)?services:[^]*?)^```$/gm),
    ];
    const theirs = documented.flatMap(([, lines = ""]) =>
      Object.values((parse(lines) as { services: Record<string, Service> }).services),
    );
    const mounts = [...Object.values(services), ...theirs].flatMap(({ volumes }) => volumes ?? []);

    expect(theirs).toHaveLength(3);
    expect(mounts.filter((mount) => /\.(?:ya?ml|env)(?::|$)/.test(mount))).toEqual([]);
    expect(services["worker"]?.volumes).toEqual(["./config:/config:ro"]);
    const path = services["worker"]?.environment["TOKENKEEPER_CONFIG"] ?? "";
    expect(path).toBe("/config/tokenkeeper.yaml");
    const copied = `mkdir config && cp tokenkeeper.example.yaml ${path.slice(1)}`;
    for (const readme of ["README.md", "README.zh-CN.md"]) expect(await read(readme)).toContain(copied);
  });

  it("publishes pages for people on the loopback address, and nothing else", () => {
    expect(Object.values(services).flatMap(({ ports }) => ports ?? [])).toEqual([
      "127.0.0.1:3010:3010",
      "127.0.0.1:9090:9090",
      "127.0.0.1:3000:3000",
    ]);
  });

  it("takes images of one version each, for which another registry can be named", () => {
    const images = Object.values(services).flatMap(({ image }) => image ?? []);

    for (const image of images) expect(image).toMatch(/^\$\{[A-Z_]+:-docker\.io\/.+\}?.*:v?\d+\.\d+[\w.-]*\}?$/);
    expect(images).toHaveLength(3);
  });

  it("starts no Grafana without a password, and hands no password to the worker", async () => {
    const [shell = "", option = "", script = ""] = services["grafana"]?.entrypoint ?? [];
    const start = (password: string): Promise<unknown> =>
      run(shell, [option, script.replaceAll("$$", "$").replace("/run.sh", "true")], {
        env: { GF_SECURITY_ADMIN_PASSWORD: password },
      });

    await expect(start("")).rejects.toMatchObject({ code: 78, stderr: expect.stringContaining("GRAFANA_PASSWORD") });
    await expect(start("admin")).rejects.toMatchObject({ code: 78 });
    await expect(start("0123456789abcdef")).resolves.toBeDefined();
    expect(services["grafana"]?.environment["GF_SECURITY_ADMIN_PASSWORD"]).toBe("${GRAFANA_PASSWORD:-}");
    expect(services["worker"]?.environment).toMatchObject({ DASHBOARD_PASSWORD: "", GRAFANA_PASSWORD: "" });
  });

  it("asks worker and dashboard for their metrics where they listen, and gives Grafana what is provisioned", async () => {
    const { scrape_configs: jobs } = parse(await read("deploy/prometheus/prometheus.yml")) as {
      scrape_configs: { job_name: string; dns_sd_configs: { names: string[]; port: number }[] }[];
    };
    const asked = jobs.flatMap((job) => job.dns_sd_configs.map(({ names, port }) => [job.job_name, ...names, port]));
    expect(asked).toEqual([
      ["tokenkeeper-worker", "worker", 3011],
      ["tokenkeeper-dashboard", "dashboard", 3014],
    ]);
    expect(services["worker"]?.environment["WORKER_HEALTH_HOST"]).toBe("0.0.0.0");
    expect(services["dashboard"]?.environment["DASHBOARD_METRICS_HOST"]).toBe("0.0.0.0");

    const provisioning = "deploy/grafana/provisioning";
    const { providers } = parse(await read(`${provisioning}/dashboards/files.yml`)) as {
      providers: { options: { path: string } }[];
    };
    const { datasources } = parse(await read(`${provisioning}/datasources/prometheus.yml`)) as {
      datasources: { url: string }[];
    };
    expect(services["grafana"]?.volumes?.slice(0, 2)).toEqual([
      `./${provisioning}:/etc/grafana/provisioning:ro`,
      `./deploy/grafana:${providers[0]?.options.path}:ro`,
    ]);
    expect(services["prometheus"]?.volumes?.[0]).toBe("./deploy/prometheus:/etc/prometheus:ro");
    expect(datasources[0]?.url).toBe("http://prometheus:9090");
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
      expect(accepted.services["prometheus"]?.profiles).toEqual(["metrics"]);

      // Neither a password of the dashboard where there is a file of users, nor one of Grafana where there is none.
      await writeFile(join(folder, ".env"), "REDIS_PASSWORD=0123456789abcdef\nDASHBOARD_USERS=/users/users.yaml\n");
      const users = parse((await run(compose, ["config"], { cwd: folder, env: { PATH: process.env["PATH"] } })).stdout);
      expect(users).toMatchObject({
        services: { dashboard: { environment: { DASHBOARD_PASSWORD: "", DASHBOARD_USERS: "/users/users.yaml" } } },
      });

      // The lines of docs/deployment.md for alerts are put together with these.
      const [, lines = ""] = /^```yaml\n(# alerts\n[^]*?)^```$/m.exec(await read("docs/deployment.md")) ?? [];
      await writeFile(join(folder, "docker-compose.override.yml"), lines);
      await writeFile(join(folder, "alerts.env"), "TOKENKEEPER_ALERTS=/alerts/alerts.yaml\n");
      const alerts = parse(
        (await run(compose, ["config"], { cwd: folder, env: { PATH: process.env["PATH"] } })).stdout,
      );
      const environment = { REDIS_URL: expect.any(String), TOKENKEEPER_ALERTS: "/alerts/alerts.yaml" };
      expect(alerts).toMatchObject({ services: { worker: { environment }, dashboard: { environment } } });
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
  /** The image's own Node, in a place where the image's user may run it. */
  let node: string;
  beforeAll(async () => {
    [stages, redis, folder] = await Promise.all([
      readStages(ROOT, { NPM_REGISTRY: process.env["npm_config_registry"] ?? "" }),
      startTestRedis(),
      mkdtemp(join(tmpdir(), "tokenkeeper-image-")),
    ]);
    await chmod(folder, 0o755);
    node = join(folder, "node");
    await cp(process.execPath, node);
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

  const asRoot = process.getuid?.() === 0;
  // The user `node` of Node's images. Only root may become another one.
  const user = asRoot ? { uid: 1000, gid: 1000 } : {};
  // As in an image: Node 24 comes first on the PATH.
  const plain = { PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}`, HOME: process.env["HOME"] };
  // A machine reaches its package registry by settings of its own.
  const building = { ...process.env, ...plain };

  it.each([
    {
      target: "worker",
      port: "WORKER_HEALTH_PORT",
      probes: "WORKER_HEALTH_PORT",
      settings: { WECHAT_API_BASE_URL: "http://127.0.0.1:1" },
      complaint: "TOKENKEEPER_CONFIG: expected",
    },
    {
      target: "dashboard",
      port: "DASHBOARD_PORT",
      probes: "DASHBOARD_METRICS_PORT",
      settings: { DASHBOARD_PASSWORD: "correct horse" },
      complaint: "REDIS_URL: expected",
    },
  ])("makes a $target of its sources and production packages alone", { timeout: 180_000 }, async (row) => {
    const home = join(folder, row.target);
    const image = await replayStage(row.target, { stages, context: ROOT, folder: home, env: building });
    const files = await filesOf(home);

    expect(image.user).toBe("node");
    expect(image.env["NODE_ENV"]).toBe("production");
    await expect(stat(join(home, "node_modules/.bin/vitest"))).rejects.toThrow("ENOENT");
    expect(files.length).toBeGreaterThan(50);
    expect(files.filter((file) => !/^(package\.json|pnpm-(lock|workspace)\.yaml|packages\/)/.test(file))).toEqual([]);
    expect(files.filter((file) => /\.test\.|\.env|(^|\/)test\//.test(file))).toEqual([]);
    const refused = await start(image, { home, env: {} });
    expect(await refused.ended).toEqual([78, null]);
    expect(refused.output()).toContain(row.complaint);

    await cp(join(ROOT, "examples/tokenkeeper.yaml"), join(home, "tokenkeeper.yaml"));
    // As it is mounted; root, who may write anywhere, becomes another user.
    await chmod(home, 0o555);
    onTestFinished(() => chmod(home, 0o755));
    const [port, probes] = [String(await anyFreePort()), String(await anyFreePort())];
    const env = { REDIS_URL: redis.url, ...row.settings, [row.probes]: probes, [row.port]: port };
    const program = await start(image, { home, env });
    const [, ...args] = image.healthcheck;
    await expect(run(node, args, { ...user, env: { ...plain, [row.port]: "1" } })).rejects.toMatchObject({ code: 1 });
    await eventually(() => run(node, args, { ...user, env: { ...plain, ...env } }), {
      timeoutMs: 20_000,
      what: `the health check of the ${row.target} to pass; it wrote: ${program.output()}`,
    });
    const answers = `http://127.0.0.1:${row.probes === row.port ? port : probes}`;
    for (const path of ["/livez", "/readyz", "/metrics"]) {
      const asked = async (): Promise<void> =>
        expect([path, (await fetch(answers + path)).status]).toEqual([path, 200]);
      await eventually(asked, { timeoutMs: 20_000, what: `the ${row.target} to answer ${path}` });
    }
    if (row.target === "worker") await examine(home, env);
    const told = performance.now();
    program.stop();
    expect(await program.ended).toEqual([0, null]);
    expect(performance.now() - told).toBeLessThan(createDurations(1).shutdown);
    expect(await filesOf(home)).toEqual([...files, "tokenkeeper.yaml"].toSorted());
    const write = run(node, ["--eval", "fs.writeFileSync('x', '')"], { ...user, cwd: home, env: plain });
    await expect(write).rejects.toMatchObject({ stderr: expect.stringContaining("EACCES") });
  });

  it("has no use for what is secret, local or a test", async () => {
    const ignores = await readDockerignore(ROOT);

    for (const path of [
      ".env",
      ".git/config",
      "tokenkeeper.yaml",
      ".tokenkeeper/redis-url",
      "deploy/kubernetes/secrets.yaml",
      "packages/worker/.env.local",
      "packages/worker/src/ticker.test.ts",
      "packages/worker/node_modules/zod/package.json",
      "test/ship.test.ts",
    ]) {
      expect([path, ignores(path)]).toEqual([path, true]);
    }
    expect(["package.json", "packages/worker/src/main.ts"].filter(ignores)).toEqual([]);
  });

  /** Everything but what the package manager put there. */
  async function filesOf(home: string): Promise<string[]> {
    const found: string[] = [];
    const exclude = (path: string): boolean => /(^|\/)node_modules$/.test(path);
    for await (const entry of glob("**/*", { cwd: home, exclude: (each) => exclude(each.name), withFileTypes: true })) {
      if (entry.isFile()) found.push(join(entry.parentPath, entry.name).slice(home.length + 1));
    }
    return found.toSorted();
  }

  /** The command line of the worker's image sees the worker beside it. */
  async function examine(home: string, env: Record<string, string>): Promise<void> {
    const args = ["packages/cli/src/main.ts", "doctor", "--json"];
    const { stdout } = await run(node, args, { ...user, cwd: home, env: { ...plain, ...env } }).catch(
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
    const [, ...args] = image.command;
    const child = spawn(node, args, { ...user, cwd: home, env: { ...plain, ...image.env, ...env } });
    onTestFinished(() => void child.kill("SIGKILL"));
    let written = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (written += String(chunk)));
    return { ended: once(child, "exit"), output: () => written, stop: () => void child.kill("SIGTERM") };
  }
});
