// The versions of Node that apps have.
import { execFile } from "node:child_process";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { findOnPath } from "../../packages/launcher/src/executable.ts";

const run = promisify(execFile);

/** The oldest and the middle one of the lines that apps may run on; the newest is the Node of this workspace. */
const OLDER = ["20.20.2", "22.23.3"];

/**
 * Programs of Node: 20 and 22 from npm, kept in `cacheFolder`; the one that runs this; the one that the machine has.
 * @returns version → path
 */
export async function findNodes(cacheFolder: string): Promise<Map<string, string>> {
  const older = await Promise.all(OLDER.map((version) => nodeFromNpm(version, cacheFolder)));
  const nodes = new Map([[process.versions.node, process.execPath]]);
  for (const file of [...older, await outerNode()])
    if (file !== undefined) nodes.set((await versionOf(file)) ?? "unknown", file);
  return nodes;
}

/** The package of the platform holds the program and runs no script. */
async function nodeFromNpm(version: string, cacheFolder: string): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(cacheFolder, `node-${version}`);
  const file = join(folder, "node_modules", name, "bin/node");
  if ((await versionOf(file)) !== version)
    await run("npm", ["install", "--prefix", folder, "--no-save", `${name}@${version}`]);
  return file;
}

/** Outside a pnpm script the PATH leads to it at once; inside, the folders of the workspace come first. */
async function outerNode(): Promise<string | undefined> {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  return findOnPath(["node"], { PATH: folders.join(delimiter) });
}

async function versionOf(file: string): Promise<string | undefined> {
  return run(file, ["--version"]).then(
    ({ stdout }) => stdout.trim().slice("v".length),
    () => undefined,
  );
}
