// The worker as it was at an earlier commit, to run beside the present one.
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";

const ROOT = join(import.meta.dirname, "../..");
const OURS = "@tokenkeeper/";
const WORKSPACE = "pnpm-workspace.yaml";
const run = promisify(execFile);

/** Sources that can be run, with another version number than the present ones. */
export interface EarlierVersion extends AsyncDisposable {
  /** Where the project's root would be. */
  readonly root: string;
  /** What its workers say of themselves. */
  readonly version: string;
  /** How it came about, for a test's title. */
  readonly what: string;
}

interface Package {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/**
 * The sources of a commit in a temporary folder, with the packages that are installed here. Where this clone does not
 * have the commit, or its dependencies were others: the present sources with another version number.
 */
export async function earlierVersion(commit: string): Promise<EarlierVersion> {
  const root = await mkdtemp(join(tmpdir(), "tokenkeeper-earlier-"));
  const fromCommit = (await unpackCommit(commit, root)) && (await hasSameDependencies(root));
  if (!fromCommit) {
    await rm(root, { recursive: true, force: true });
    await cp(join(ROOT, "packages"), join(root, "packages"), {
      recursive: true,
      filter: (path) => !/\/(node_modules|dist)$/.test(path),
    });
  }
  for (const name of await workerPackages(root)) {
    // The links are relative: those to our own packages lead into the copy, the others through the link below.
    const installed = join(ROOT, "packages", name, "node_modules");
    await cp(installed, join(root, "packages", name, "node_modules"), { recursive: true, verbatimSymlinks: true });
  }
  await symlink(join(ROOT, "node_modules"), join(root, "node_modules"));
  const version = await renumber(root, commit);
  return {
    root,
    version,
    what: fromCommit ? `the code of commit ${commit.slice(0, 7)}` : "the present code under another version number",
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** Whether it worked: a shallow clone does not have the commit, an unpacked archive of the project no history at all. */
async function unpackCommit(commit: string, root: string): Promise<boolean> {
  const archive = join(root, "earlier.tar");
  try {
    await run("git", ["archive", `--output=${archive}`, commit, WORKSPACE, "packages"], { cwd: ROOT });
    await run("tar", ["-xf", archive, "-C", root]);
    await rm(archive);
    return true;
  } catch {
    return false;
  }
}

/** Whether everything that the earlier worker imports is installed here in the version that it names. */
async function hasSameDependencies(root: string): Promise<boolean> {
  const [earlier, present] = await Promise.all([readCatalog(root), readCatalog(ROOT)]);
  for (const name of await workerPackages(root)) {
    const now = (await readPackage(ROOT, name))?.dependencies ?? {};
    for (const [dependency, range] of Object.entries((await readPackage(root, name))?.dependencies ?? {})) {
      if (now[dependency] !== range || earlier[dependency] !== present[dependency]) return false;
    }
  }
  return true;
}

async function readCatalog(root: string): Promise<Readonly<Record<string, string>>> {
  return (parse(await readFile(join(root, WORKSPACE), "utf8")) as { catalog: Record<string, string> }).catalog;
}

/** The worker and what it imports of ours: names of folders below `packages`. */
async function workerPackages(root: string): Promise<readonly string[]> {
  const found = new Set(["worker"]);
  // A set grows while it is gone through.
  for (const name of found) {
    for (const dependency of Object.keys((await readPackage(root, name))?.dependencies ?? {})) {
      if (dependency.startsWith(OURS)) found.add(dependency.slice(OURS.length));
    }
  }
  return [...found];
}

async function readPackage(root: string, name: string): Promise<Package | undefined> {
  const text = await readFile(join(root, "packages", name, "package.json"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Package);
}

async function renumber(root: string, commit: string): Promise<string> {
  const worker = await readPackage(root, "worker");
  const version = `${worker?.version}-${commit.slice(0, 7)}`;
  await writeFile(join(root, "packages/worker/package.json"), JSON.stringify({ ...worker, version }));
  return version;
}
