import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { parseSavedState } from "./state/saved-state.ts";
import type { SavedState } from "./state/saved-state.ts";

export interface StateFile {
  /** Returns the saved state, or undefined when there is none; a broken file is kept aside and warned about. */
  load(): Promise<SavedState | undefined>;
  /** Resolves when a write that began after this call is done; calls that come meanwhile share one write. */
  save(): Promise<void>;
}

export interface StateFileOptions {
  path: string;
  now: () => number;
  current: () => SavedState;
  warn: (message: string) => void;
}

/** The state as a JSON file of mode 0600 (it holds secrets), replaced by rename so that a crash leaves a whole one. */
export function createStateFile({ path, now, current, warn }: StateFileOptions): StateFile {
  let writing = Promise.resolve();
  let queued: Promise<void> | undefined;

  async function load(): Promise<SavedState | undefined> {
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw new Error(`the state file ${path} cannot be read (${error.code}): check its permissions`);
    });
    if (text === undefined) return undefined;
    const state = parseSavedState(text);
    if (state !== undefined) return state;
    const aside = `${path}.broken-${now()}`;
    await rename(path, aside);
    warn(`the state file ${path} is broken: kept it as ${aside} and started empty`);
    return undefined;
  }

  async function write(): Promise<void> {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(`${path}.tmp`, JSON.stringify(current()), { mode: 0o600 });
      await rename(`${path}.tmp`, path);
    } catch {
      warn(`the state file ${path} cannot be written: check its folder and the free space; going on in memory`);
    }
  }

  function save(): Promise<void> {
    queued ??= writing.then(() => {
      queued = undefined;
      writing = write();
      return writing;
    });
    return queued;
  }

  return { load, save };
}
