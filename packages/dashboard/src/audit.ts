import type { Log } from "@tokenkeeper/core";

/** Who does what to what. */
export interface Act {
  readonly user: string;
  readonly action: string;
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
    async act(act, run) {
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
