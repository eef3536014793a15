import { readFileSync, statSync } from "node:fs";
import type { ReadFile } from "./secret-file.ts";

/** The files of a configuration, on disk. */
export interface ConfigFiles {
  readonly read: ReadFile;
  /** Changes whenever one of the files that were read does. */
  stamp(): string;
}

/** Remembers which files are read: the configuration itself and the secrets that it names. */
export function createConfigFiles(): ConfigFiles {
  const paths = new Set<string>();

  function stampOf(path: string): string {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats ? `${stats.mtimeMs}:${stats.size}:${stats.ino}` : "absent";
  }

  return {
    read(path) {
      paths.add(path);
      return { bytes: readFileSync(path), mode: statSync(path).mode };
    },
    stamp: () => [...paths].map((path) => `${path}=${stampOf(path)}`).join("\n"),
  };
}
