// @tokenkeeper/shared as apps install it: built, packed, put into an empty project, compiled against and run.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { recordKey } from "@tokenkeeper/shared/contract";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findNodes } from "../support/nodes.ts";
import { startWorld, type World } from "../support/world.ts";

const ROOT = join(import.meta.dirname, "../..");
const PACKAGE = join(ROOT, "packages/shared");
const DIST = join(PACKAGE, "dist");
/** npm turns to the registry. */
const SLOW = 300_000;

/** What an app may import; a new entry is added here on purpose. */
const ENTRIES = ["@tokenkeeper/shared", "@tokenkeeper/shared/testing", "@tokenkeeper/shared/undici"];

/** The lowest version of each line of ioredis that the package admits; the second app has undici as well. */
const APPS = [
  { has: "ioredis 5", ioredis: "5.4.0", others: [], sources: ["app"] },
  { has: "ioredis 6 and undici", ioredis: "6.0.0", others: ["undici@8"], sources: ["app", "undici-app"] },
];

const run = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies?: object;
  readonly peerDependencies: object;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional: boolean }>>;
}

let home: string;
let tarball: string;
let packed: string[];
let manifest: Manifest;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "tokenkeeper-package-"));
  await run(process.execPath, [join(PACKAGE, "build/main.ts")]);
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", home, DIST]);
  // npm lists what it packed, or names it.
  const [report] = Object.values(JSON.parse(stdout) as Record<string, { filename: string; files: { path: string }[] }>);
  tarball = join(home, basename(report?.filename ?? ""));
  packed = (report?.files ?? []).map(({ path }) => path);
  manifest = JSON.parse(await readFile(join(DIST, "package.json"), "utf8")) as Manifest;
}, SLOW);
afterAll(() => rm(home, { recursive: true, force: true }));

describe("the packed package", () => {
  it("holds each module for both formats with its types, two READMEs and the licence, and nothing else", async () => {
    const sources = (await readdir(join(PACKAGE, "src"))).filter(
      (name) => !name.endsWith(".test.ts") && name !== "contract.ts",
    );
    const modules = sources.flatMap((name) => [name.replace(/\.ts$/, ".d.ts"), name.replace(/\.ts$/, ".js")]);
    const expected = [
      "LICENSE",
      "README.md",
      "README.zh-CN.md",
      "package.json",
      "cjs/package.json",
      ...["cjs", "esm"].flatMap((format) => modules.map((name) => `${format}/${name}`)),
    ];

    expect(packed.toSorted()).toEqual(expected.toSorted());
  });

  it("offers what apps may import, and no more", () => {
    const offered = Object.keys(manifest.exports).map((entry) => manifest.name + entry.slice(".".length));

    expect(offered).toEqual([...ENTRIES, "@tokenkeeper/shared/package.json"]);
  });

  it("brings no dependency: ioredis is the app's own", () => {
    const wanted = Object.keys(manifest.peerDependencies);

    expect(manifest.dependencies).toBeUndefined();
    expect(wanted.filter((name) => !manifest.peerDependenciesMeta?.[name]?.optional)).toEqual(["ioredis"]);
  });

  it("has types that every way of resolving them finds and that fit the code", async () => {
    const result = await checkPackage(createPackageFromTarballData(await readFile(tarball)));

    if (!result.types) throw new Error("the package has no types");
    expect(Object.keys(result.entrypoints)).toEqual(Object.keys(manifest.exports));
    expect(result.problems).toEqual([]);
  });

  it("is a package as publint wants it", async () => {
    const { messages } = await publint({ pkgDir: DIST, pack: false, strict: true });

    expect(messages.map((message) => formatMessage(message, manifest, { color: false }))).toEqual([]);
  });
});

describe.each(APPS)("an app with $has", ({ ioredis, others, sources }) => {
  const files = sources.flatMap((name) => [`${name}.ts`, `${name}.cts`]);

  let project: string;
  let world: World;
  let nodes: Map<string, string>;

  beforeAll(async () => {
    project = join(home, `app-${ioredis}`);
    await mkdir(project);
    await writeFile(join(project, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
    const packages = [tarball, `ioredis@${ioredis}`, "@types/node@24", ...others];
    await run("npm", ["install", "--no-audit", "--no-fund", ...packages], { cwd: project });
    for (const file of files) await cp(join(import.meta.dirname, file.replace(".cts", ".ts")), join(project, file));
    nodes = await findNodes(join(ROOT, ".tokenkeeper/cache"));
    world = await startWorld({ accounts: [{ name: "shop", tickets: ["jsapi"] }], scale: 1 });
    await world.startRuntime();
  }, SLOW);
  afterAll(() => world[Symbol.asyncDispose]());

  /** Compiles the app into `out`. @returns what the compiler has to say */
  async function compile(compilerOptions: object): Promise<string> {
    const always = { strict: true, target: "es2022", types: ["node"], skipLibCheck: false, outDir: "out" };
    const config = { compilerOptions: { ...always, ...compilerOptions }, files };
    await writeFile(join(project, "tsconfig.json"), JSON.stringify(config));
    return run(join(ROOT, "node_modules/.bin/tsc"), ["-p", project]).then(
      ({ stdout }) => stdout,
      ({ stdout }: { stdout: string }) => stdout,
    );
  }

  it.each([
    { module: "node16", moduleResolution: "node16" },
    { module: "nodenext", moduleResolution: "nodenext" },
    { module: "preserve", moduleResolution: "bundler" },
  ])("is compiled, as .ts and as .cts, under $moduleResolution", async (options) => {
    expect(await compile({ ...options, noEmit: true })).toBe("");
  });

  it("shares its copy of ioredis with the package", async () => {
    const copy = await readFile(join(project, "node_modules/ioredis/package.json"), "utf8");

    expect(JSON.parse(copy)).toMatchObject({ version: ioredis });
    await expect(readdir(join(project, "node_modules/@tokenkeeper/shared/node_modules"))).rejects.toThrow("ENOENT");
  });

  it("reads what the worker wrote, as an ES module and as CommonJS, on Node 20, 22 and 24", async () => {
    expect(await compile({ module: "nodenext" })).toBe("");
    const credential = { account: world.appId("shop"), kind: "access_token" } as const;
    const token = await world.tokens.getAccessToken("shop");
    const lines = [...nodes.keys()].map((version) => version.split(".")[0]);
    expect(lines).toEqual(expect.arrayContaining(["20", "22", "24"]));
    expect(await world.redis.redis.hget(recordKey(credential), "value")).toBe(token);

    for (const [version, node] of nodes) {
      for (const file of ["app.js", "app.cjs"]) {
        const env = { REDIS_URL: world.redis.url };
        const { stdout, stderr } = await run(node, [join(project, "out", file)], { cwd: project, env });

        const read = { tokens: [token, token], appId: credential.account, signed: 40, reason: "unknown_account" };
        expect({ version, file, stderr, ...(JSON.parse(stdout) as object) }).toEqual({
          version,
          file,
          stderr: "",
          ...read,
        });
      }
    }
  });

  it("can import every entry in both ways, and nothing behind them, on every Node", async () => {
    const load = `
      const load = [(name) => import(name), async (name) => require(name)];
      const outcome = (names) => Promise.all(names.flatMap((name) => load.map((way) =>
        way(name).then((entry) => Object.keys(entry).length > 0, (error) => error.code))));
      outcome(process.argv.slice(1)).then((outcomes) => console.log(JSON.stringify(outcomes)));`;
    const hidden = ["contract", "esm/contract.js", "esm/keys.js", "cjs/keys.js"];
    const names = [...ENTRIES, ...hidden.map((path) => `@tokenkeeper/shared/${path}`)];

    for (const node of nodes.values()) {
      const { stdout } = await run(node, ["--input-type=commonjs", "-e", load, ...names], { cwd: project });

      const wanted = names.flatMap((name) =>
        Array<unknown>(2).fill(ENTRIES.includes(name) || "ERR_PACKAGE_PATH_NOT_EXPORTED"),
      );
      expect(JSON.parse(stdout)).toEqual(wanted);
    }
  });
});
