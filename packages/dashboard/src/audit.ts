import type { Log } from "@tokenkeeper/core";
import type { SignedInUser } from "./signed-in-user.ts";

/** What people do with the pages. */
export type ActName = "refresh" | "rerun" | "force" | "reset_quota" | "pause" | "resume";

/** Who does what to what. */
export interface Act {
  readonly user: SignedInUser;
  readonly action: ActName;
  readonly target: string;
}

/** Everything that a person changes goes through here. */
export interface Audit {
  /** Runs it and writes down how it ended. Rejects as `run` does. */
  act<T>(act: Act, run: () => Promise<T>): Promise<T>;
}

/** Writes acts into the log. */
export function createAudit(log: Log): Audit {
  return {
    async act({ user, action, target }, run) {
      const act = { user: user.name, action, target };
      try {
        const result = await run();
        log.info({ ...act, result: "done" }, "audit");
        return result;
      } catch (error) {
        log.warn({ ...act, result: "failed", err: error }, "audit");
        throw error;
      }
    },
  };
}
