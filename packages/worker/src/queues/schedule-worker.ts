import {
  parseTickJob,
  reportErrors,
  SCHEDULE_QUEUE,
  SWEEP_SCHEDULER_ID,
  type Durations,
  type Log,
} from "@tokenkeeper/core";
import { QUEUE_PREFIX } from "@tokenkeeper/shared/contract";
import { Worker, type Job } from "bullmq";
import type { Redis } from "ioredis";
import type { Credentials } from "../credentials.ts";
import type { PlannedResult, Planner } from "./planner.ts";

/** What the worker of `schedule` works with. */
export interface ScheduleWorkerDeps {
  readonly connection: Redis;
  readonly credentials: Credentials;
  readonly planner: Planner;
  readonly durations: Durations;
  readonly log: Log;
}

/** Runs the repeatable jobs: the tick of one credential, the sweep. */
export function createScheduleWorker({ connection, credentials, planner, durations, log }: ScheduleWorkerDeps): Worker {
  async function run(job: Job): Promise<PlannedResult | Record<string, number | string>> {
    if (job.name === SWEEP_SCHEDULER_ID) return countsOf(await planner.sweep(credentials.all));
    const ref = parseTickJob(job.data);
    const credential = ref && credentials.find(ref);
    // Another worker's configuration may have it, or one of before.
    if (!credential) return { decision: "not configured" };
    const [result] = await planner.plan([credential]);
    return result ?? {};
  }

  const worker = new Worker(SCHEDULE_QUEUE, run, {
    connection,
    prefix: QUEUE_PREFIX,
    concurrency: 8,
    autorun: false,
    lockDuration: durations.jobLock,
    stalledInterval: durations.stalledCheck,
    // The stall limit does not apply to scheduler jobs; this one does.
    maxStartedAttempts: 20,
  });
  reportErrors(worker, log);
  return worker;
}

function countsOf(results: readonly PlannedResult[]): Record<string, number> {
  const counts: Record<string, number> = { credentials: results.length };
  for (const { decision } of results) counts[decision] = (counts[decision] ?? 0) + 1;
  return counts;
}
