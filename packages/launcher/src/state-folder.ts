// Where a start keeps what outlives it. Pure.
import { join, resolve } from "node:path";

export interface StateFolder {
  readonly folder: string;
  /** Data of the private Redis. */
  readonly redis: string;
  /** URL of the private Redis, for apps on this machine: `createTokenClient()` reads it. */
  readonly redisUrl: string;
  readonly simulator: string;
  readonly dashboardPassword: string;
  /** Who runs now and where it listens. */
  readonly running: string;
  /** Binaries obtained from the package manager. */
  readonly cache: string;
}

/** `TOKENKEEPER_HOME`, else `.tokenkeeper` in the project's root. */
export function stateFolderOf(env: NodeJS.ProcessEnv, root: string): StateFolder {
  const folder = resolve(root, env["TOKENKEEPER_HOME"] || ".tokenkeeper");
  return {
    folder,
    redis: join(folder, "redis"),
    redisUrl: join(folder, "redis-url"),
    simulator: join(folder, "simulator.json"),
    dashboardPassword: join(folder, "dashboard-password"),
    running: join(folder, "start.json"),
    cache: join(folder, "cache"),
  };
}
