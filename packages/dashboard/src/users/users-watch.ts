import { readFileSync, statSync } from "node:fs";
import { ConfigError, describePath, type Log, type ReadFile } from "@tokenkeeper/core";
import { parseUsersFile, type UsersFileContext } from "./users-file.ts";
import type { User } from "./user.ts";
import type { Users } from "./users.ts";

/** Where the users of the file come from. */
export interface UsersSource {
  /** Changes whenever the file does. */
  stamp(): string;
  /** @throws ConfigError with every problem at once. */
  load(): { readonly users: readonly User[]; readonly warnings: readonly string[] };
}

/** The users of a file on disk. */
export function createUsersSource(path: string, context: UsersFileContext): UsersSource {
  const read: ReadFile = (file) => ({ bytes: readFileSync(file), mode: statSync(file).mode });
  return {
    stamp() {
      const stats = statSync(path, { throwIfNoEntry: false });
      return stats ? `${stats.mtimeMs}:${stats.ctimeMs}:${stats.size}:${stats.ino}` : "absent";
    },
    load() {
      const { bytes, mode } = readOrRefuse(path, read);
      const parsed = parseUsersFile(bytes, context);
      if ("problems" in parsed) throw new ConfigError(parsed.problems);
      const others = (mode & 0o077) !== 0;
      return { ...parsed, warnings: others ? ["others may read the file of users; set its mode to 0400"] : [] };
    },
  };
}

function readOrRefuse(path: string, read: ReadFile): ReturnType<ReadFile> {
  try {
    return read(path);
  } catch {
    throw new ConfigError([{ path: "DASHBOARD_USERS", expected: "a file that can be read", got: describePath(path) }]);
  }
}

/** What watching works with. */
export interface UsersWatchDeps {
  readonly source: UsersSource;
  /** What the users in force were read from. */
  readonly seen: string;
  readonly users: Pick<Users, "replace">;
  readonly log: Log;
}

/**
 * Picks up a changed file of users. A broken one changes nothing: the log says what is wrong, once.
 * @returns a function that looks once.
 */
export function createUsersWatch({ source, seen: first, users, log }: UsersWatchDeps): () => void {
  let seen = first;
  return () => {
    const stamp = source.stamp();
    if (stamp === seen) return;
    seen = stamp;
    try {
      const { users: fromFile, warnings } = source.load();
      users.replace(fromFile);
      log.info({ users: fromFile.length, warnings }, "users.reloaded");
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      log.error({ problems: error.problems }, "users.rejected");
    }
  };
}
