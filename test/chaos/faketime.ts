// Finds libfaketime, by which a worker's wall clock goes wrong, or gets it from the system's package manager.
import { access, glob } from "node:fs/promises";
import { join } from "node:path";
import { findApt } from "@tokenkeeper/launcher";

/** How it may be got. */
export interface FindFaketimeOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Folder in which what the package manager has is unpacked when it may not be installed. */
  readonly cacheFolder: string;
  /** Told, in one line, when something is installed or unpacked. */
  readonly say: (line: string) => void;
  /** Only root may install. */
  readonly asRoot: boolean;
}

const PACKAGE = "libfaketime";
const FOLDERS = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"];
const LIBRARY = "faketime/libfaketime.so.1";

/** @returns its path, or `undefined`: then clocks cannot be skewed on this machine. */
export async function findFaketime({
  env,
  cacheFolder,
  say,
  asRoot,
}: FindFaketimeOptions): Promise<string | undefined> {
  const unpacked = join(cacheFolder, "faketime");
  const present = (await installed()) ?? (await below(unpacked));
  if (present !== undefined) return present;
  const apt = await findApt(env);
  if (apt === undefined) return undefined;
  say(
    `No libfaketime on this machine: ${asRoot ? "installing" : "unpacking"} the package ${PACKAGE} for the chaos run.`,
  );
  if (asRoot) await apt.install([PACKAGE]);
  else await apt.unpack([PACKAGE], unpacked);
  return (await installed()) ?? below(unpacked);
}

async function installed(): Promise<string | undefined> {
  for (const folder of FOLDERS) {
    const path = join(folder, LIBRARY);
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}

async function below(folder: string): Promise<string | undefined> {
  for await (const path of glob(`**/${LIBRARY}`, { cwd: folder })) return join(folder, path);
  return undefined;
}
