// pnpm build: makes packages/shared/dist, the folder that npm packs and publishes.
import { spawnSync } from "node:child_process";
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publishedManifest, type WorkspaceManifest } from "./manifest.ts";

const PACKAGE = join(import.meta.dirname, "..");
const ROOT = join(PACKAGE, "../..");
const DIST = join(PACKAGE, "dist");
const TSC = join(ROOT, "node_modules/.bin/tsc");

const FORMATS = {
  esm: [],
  cjs: ["--module", "commonjs", "--moduleResolution", "bundler", "--verbatimModuleSyntax", "false"],
};

function writeJson(file: string, content: object): void {
  writeFileSync(join(DIST, file), `${JSON.stringify(content, null, 2)}\n`);
}

/** TypeScript turns `./x.ts` into `./x.js` in code, but leaves it in declarations, where older versions do not find it. */
function importJsInDeclarations(): void {
  for (const name of globSync("*/**/*.d.ts", { cwd: DIST })) {
    const file = join(DIST, name);
    writeFileSync(file, readFileSync(file, "utf8").replace(/(\bfrom |\bimport\()"(\.[^"]*)\.ts"/g, '$1"$2.js"'));
  }
}

rmSync(DIST, { recursive: true, force: true });
for (const [format, options] of Object.entries(FORMATS)) {
  const project = join(PACKAGE, "tsconfig.build.json");
  const { status } = spawnSync(TSC, ["-p", project, "--outDir", join(DIST, format), ...options], { stdio: "inherit" });
  if (status !== 0) process.exit(1);
}
importJsInDeclarations();
writeJson("cjs/package.json", { type: "commonjs" });
const workspace = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8")) as WorkspaceManifest;
writeJson("package.json", publishedManifest(workspace));
for (const name of ["README.md", "README.zh-CN.md"]) cpSync(join(PACKAGE, name), join(DIST, name));
cpSync(join(ROOT, "LICENSE"), join(DIST, "LICENSE"));
