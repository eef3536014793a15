// Plants each bug into a temporary copy of the code and runs the tests that must catch it: `pnpm planted`.
import { execFile } from "node:child_process";
import { access, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { PLANTED_BUGS, type Edit, type PlantedBug } from "./bugs.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");
const VITEST = join(ROOT, "node_modules/vitest/vitest.mjs");

/** A copy of what git knows, as it stands on disk, beside the packages that are installed. */
async function copyOfTheCode(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tokenkeeper-planted-"));
  const { stdout } = await run("git", ["ls-files", "-co", "--exclude-standard"], { cwd: ROOT, maxBuffer: 64 << 20 });
  const files = stdout.trim().split("\n");
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(join(ROOT, file), join(folder, file));
  }
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const workspaces = files.filter((file) => /^[^/]+(\/[^/]+)?\/package\.json$/.test(file)).map(dirname);
  for (const workspace of workspaces) {
    const modules = join(ROOT, workspace, "node_modules");
    // The links are relative: those to our own packages lead into the copy.
    await cp(modules, join(folder, workspace, "node_modules"), { recursive: true, verbatimSymlinks: true }).catch(
      () => {},
    );
  }
  return folder;
}

async function testsPass(folder: string, files: readonly string[]): Promise<boolean> {
  const env = { ...process.env, CI: "true" };
  return run(process.execPath, [VITEST, "run", ...files], { cwd: folder, env, maxBuffer: 64 << 20 }).then(
    () => true,
    () => false,
  );
}

/** Applies an edit. @returns what undoes it */
async function apply(folder: string, { file, find, replace }: Edit): Promise<() => Promise<void>> {
  const path = join(folder, file);
  const code = await readFile(path, "utf8");
  if (code.split(find).length !== 2) throw new Error(`the place of an edit does not stand exactly once in ${file}`);
  await writeFile(
    path,
    code.replace(find, () => replace),
  );
  return () => writeFile(path, code);
}

async function isCaught(folder: string, { edits, caughtBy }: PlantedBug): Promise<boolean> {
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const edit of edits) undo.push(await apply(folder, edit));
    return !(await testsPass(folder, caughtBy));
  } finally {
    for (const each of undo.toReversed()) await each();
  }
}

const folder = await copyOfTheCode();
let caught = 0;
try {
  const files = [...new Set(PLANTED_BUGS.flatMap(({ caughtBy }) => caughtBy))];
  // A filter that finds no file runs no test, and "no test passed" would count as caught.
  for (const file of files) await access(join(folder, file));
  if (!(await testsPass(folder, files))) throw new Error("the tests fail without any bug; mend that first");
  for (const bug of PLANTED_BUGS) {
    const isIt = await isCaught(folder, bug);
    caught += isIt ? 1 : 0;
    console.log(`${isIt ? "caught" : "NOT CAUGHT"}  ${bug.name}`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
console.log(`planted bugs caught: ${caught}/${PLANTED_BUGS.length}`);
process.exitCode = caught === PLANTED_BUGS.length ? 0 : 1;
