import { SWEEP_SCHEDULER_ID, tickSchedulerId } from "@tokenkeeper/core";
import { healthyIds } from "../sampler.ts";
import type { Evidence, Finding, Violation } from "./evidence.ts";

/** A refresh may come this long after its time, ms. */
const LATE_MS = 10_000;

/** I9: at the end every credential has its job and its scheduler, and nothing is overdue. */
export function judgeSchedules({ credentials, queues, samples, to }: Evidence): Finding {
  const healthy = healthyIds(credentials);
  const violations: Violation[] = [];
  const lost = (credential: string | undefined, text: string): void => {
    violations.push({ invariant: "I9", at: to, text, ...(credential !== undefined && { credential }) });
  };
  for (const { id, account, kind } of credentials) {
    const scheduler = tickSchedulerId({ account: account.appId, kind });
    if (!isArmed(scheduler)) lost(id, "its job scheduler does not run");
    if (queues.withoutJob.includes(id)) lost(id, "no job of it stands in the queue");
  }
  if (!isArmed(SWEEP_SCHEDULER_ID)) lost(undefined, "the sweep does not run");
  for (const { credential, planAt } of samples.at(-1)?.credentials ?? []) {
    if (healthy.has(credential) && planAt !== undefined && to - planAt > LATE_MS && planAt > 1)
      lost(credential, `its refresh is ${to - planAt} ms late`);
  }
  return { violations, figures: { lostSchedules: violations.length, schedulers: queues.schedulers.length } };

  function isArmed(id: string): boolean {
    return queues.schedulers.some((scheduler) => scheduler.id === id && scheduler.next > to - LATE_MS);
  }
}
