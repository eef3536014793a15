// Debian's and Ubuntu's package manager: installs as root, unpacks into a folder of ours otherwise.
import { glob, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runCommand, type CommandResult } from "./command.ts";
import { findOnPath } from "./executable.ts";
import { until } from "./until.ts";

const LOCK_WAIT_MS = 300_000;
const LOCK_HELD = /could not get lock|unable to lock|unable to acquire the dpkg/i;

export interface Apt {
  /** Installs packages without recommended ones; waits while another holds the package lock. False: it failed. Root only. */
  install(packages: readonly string[]): Promise<boolean>;
  /** Downloads packages with their missing dependencies and unpacks them into `folder`, whole or not at all. */
  unpack(packages: readonly string[], folder: string): Promise<boolean>;
}

/** The package manager of this machine, or `undefined` when it is not a Debian or Ubuntu. */
export async function findApt(env: NodeJS.ProcessEnv): Promise<Apt | undefined> {
  if ((await findOnPath(["apt-get"], env)) === undefined) return undefined;
  const plainEnv = { ...env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  const run = (file: string, args: readonly string[], cwd?: string): Promise<CommandResult> =>
    runCommand(file, args, cwd === undefined ? { env: plainEnv } : { env: plainEnv, cwd });

  async function unlocked(args: readonly string[]): Promise<boolean> {
    const attempt = async (): Promise<boolean | undefined> => {
      const result = await run("apt-get", args);
      if (result.code === 0) return true;
      return LOCK_HELD.test(result.output) ? undefined : false;
    };
    return (await until(attempt, { timeoutMs: LOCK_WAIT_MS, everyMs: 1_000 })) ?? false;
  }

  async function install(packages: readonly string[]): Promise<boolean> {
    const args = ["install", "-y", "--no-install-recommends", ...packages];
    if (await unlocked(args)) return true;
    return (await unlocked(["update"])) && (await unlocked(args));
  }

  async function unpack(packages: readonly string[], folder: string): Promise<boolean> {
    const work = `${folder}.${process.pid}`;
    try {
      if (!(await unpackInto(packages, work))) return false;
      await rm(folder, { recursive: true, force: true });
      await rename(join(work, "root"), folder);
      return true;
    } catch {
      return false;
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  // Package lists and downloads of our own: the system's belong to root and may be empty or old.
  async function unpackInto(packages: readonly string[], work: string): Promise<boolean> {
    await mkdir(join(work, "lists", "partial"), { recursive: true });
    await mkdir(join(work, "cache", "archives", "partial"), { recursive: true });
    const own = [
      ["Dir::State::lists", join(work, "lists")],
      ["Dir::Cache", join(work, "cache")],
      ["Dir::Log", work],
      ["Dir::State::status", "/var/lib/dpkg/status"],
    ].flatMap(([key, value]) => ["-o", `${key}=${value}`]);
    if ((await run("apt-get", [...own, "update"])).code !== 0) return false;
    const plan = await run("apt-get", [...own, "install", "-s", "--no-install-recommends", ...packages]);
    const missing = [...plan.output.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] ?? "");
    if (plan.code !== 0 || missing.length === 0) return false;
    if ((await run("apt-get", [...own, "download", ...missing], work)).code !== 0) return false;
    for await (const archive of glob("*.deb", { cwd: work })) {
      if ((await run("dpkg", ["-x", join(work, archive), join(work, "root")])).code !== 0) return false;
    }
    return true;
  }

  return { install, unpack };
}

/** Folders below `folder` that hold shared libraries, for the loader's search path. */
export async function libraryFolders(folder: string): Promise<readonly string[]> {
  const folders = new Set<string>();
  for await (const library of glob("**/*.so*", { cwd: folder })) folders.add(dirname(join(folder, library)));
  return [...folders];
}
