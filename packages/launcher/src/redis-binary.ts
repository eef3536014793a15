// Finds a Redis or Valkey server on this machine, or gets one from the system's package manager. Starts no service.
import { chmod, mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EXIT } from "@tokenkeeper/core";
import { findApt, libraryFolders, type Apt } from "./apt.ts";
import { runCommand } from "./command.ts";
import { findOnPath, isExecutable } from "./executable.ts";
import { StartError } from "./start-error.ts";

const NAMES = ["redis-server", "valkey-server"] as const;
const PACKAGE = "redis-tools";
// Debian and Ubuntu ship one binary under several names: it is the server when its own name is redis-server.
const MULTI_CALL_NAMES = ["redis-check-rdb", "redis-check-aof"] as const;

const ADVICE =
  "Install one and start again, or set REDIS_URL: `brew install redis` (macOS), `apt-get install redis-server` " +
  "(Debian, Ubuntu), `dnf install redis` or `dnf install valkey` (Fedora), or `docker run -d -p 127.0.0.1:6379:6379 " +
  "redis:8 --appendonly yes` with REDIS_URL=redis://127.0.0.1:6379.";

export interface FindRedisOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Folder in which a binary obtained from the package manager is kept. */
  readonly cacheFolder: string;
  /** Told, in one line, when something is installed or unpacked. */
  readonly say: (line: string) => void;
  /** Installs system-wide when true, otherwise unpacks below `cacheFolder`. */
  readonly asRoot: boolean;
}

/**
 * Path of a server binary, version 6.2 or later: `TOKENKEEPER_REDIS_SERVER`, the PATH, the cache folder, the package manager.
 * @throws StartError (exit code 69) with the command to run when there is none.
 */
export async function findRedisServer(options: FindRedisOptions): Promise<string> {
  const { env, cacheFolder, say, asRoot } = options;
  const named = env["TOKENKEEPER_REDIS_SERVER"];
  if (named !== undefined && named !== "") {
    if (await isUsable(named, env)) return named;
    throw new StartError(
      "TOKENKEEPER_REDIS_SERVER does not name a Redis or Valkey server of version 6.2 or later. Correct or unset it.",
      EXIT.unavailable,
    );
  }
  const cached = join(cacheFolder, "redis-server");
  const onPath = await Promise.all(NAMES.map((name) => findOnPath([name], env)));
  for (const file of [...onPath, cached]) {
    if (file !== undefined && (await isUsable(file, env))) return file;
  }

  await mkdir(cacheFolder, { recursive: true, mode: 0o700 });
  if ((await linked(cached, env)) && (await isUsable(cached, env))) return cached;
  const apt = await findApt(env);
  if (apt !== undefined) {
    say(
      asRoot
        ? `No Redis server on this machine: installing the package ${PACKAGE} (it holds the server, starts no service).`
        : `No Redis server on this machine: unpacking the package ${PACKAGE} into ${cacheFolder} (nothing is installed).`,
    );
    const done = asRoot ? (await apt.install([PACKAGE])) && (await linked(cached, env)) : await unpacked(apt, cached);
    if (done && (await isUsable(cached, env))) return cached;
  }
  throw new StartError(`No Redis server of version 6.2 or later on this machine. ${ADVICE}`, EXIT.unavailable);
}

/** Whether `redis-server --version` or `valkey-server --version` printed a version we can work with (6.2 or later). */
export function isSupportedVersion(printed: string): boolean {
  const match = /^(?:Redis|Valkey) server v=(\d+)\.(\d+)/m.exec(printed);
  if (match === null) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > 6 || (major === 6 && minor >= 2);
}

async function isUsable(file: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  if (!(await isExecutable(file))) return false;
  const { code, output } = await runCommand(file, ["--version"], { env });
  return code === 0 && isSupportedVersion(output);
}

/** Gives an installed multi-call binary the name of the server. */
async function linked(link: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const binary = await findOnPath(MULTI_CALL_NAMES, env);
  if (binary === undefined) return false;
  await replace(link, (fresh) => symlink(binary, fresh));
  return true;
}

async function unpacked(apt: Apt, wrapper: string): Promise<boolean> {
  const root = `${wrapper}.unpacked.${process.pid}`;
  if (!(await apt.unpack([PACKAGE], root))) return false;
  const folder = join(root, "usr", "bin");
  const binary = await findOnPath(MULTI_CALL_NAMES, { PATH: folder });
  if (binary === undefined) return false;
  const server = join(folder, "redis-server");
  if (!(await isExecutable(server))) await replace(server, (fresh) => symlink(binary, fresh));
  const libraries = (await libraryFolders(root)).join(":");
  const script = `#!/bin/sh\nexec env ${quoted(`LD_LIBRARY_PATH=${libraries}`)} ${quoted(server)} "$@"\n`;
  await replace(wrapper, async (fresh) => {
    await writeFile(fresh, script);
    await chmod(fresh, 0o755);
  });
  return true;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

// Two starts may do this at once: whoever renames last wins, and both files are the same.
async function replace(file: string, create: (fresh: string) => Promise<void>): Promise<void> {
  const fresh = `${file}.${process.pid}`;
  await create(fresh);
  await rename(fresh, file);
}
