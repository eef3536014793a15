import type { Clock } from "@tokenkeeper/shared/contract";
import { createChanges, type ChangesDeps } from "./changes.ts";
import { createPassReport, type PassReport } from "./pass-report.ts";

/** What keeps the accounts that follow in step with their leader, besides their plan. */
export interface Follow {
  /** Asks what has changed there. Rejects with `StorageError` when Redis fails. */
  check(): Promise<void>;
  readonly passReport: PassReport;
}

/** Puts it together. */
export function createFollow(deps: ChangesDeps & { readonly clock: Clock }): Follow {
  const changes = createChanges(deps);
  return { check: () => changes.check(), passReport: createPassReport({ ...deps, changes }) };
}
