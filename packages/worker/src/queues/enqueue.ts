import {
  immediateDeduplicationId,
  planDeduplicationId,
  REFRESH_JOB_OPTIONS,
  refreshJobName,
  type RefreshJobData,
  type TriggerReason,
} from "@tokenkeeper/core";
import type { Job, JobsOptions, Queue } from "bullmq";
import type { Credential } from "../credentials.ts";
import type { StandingJobs } from "./standing-jobs.ts";

/** How often one job may try in all; the dense retries end sooner. */
export const JOB_ATTEMPTS = 40;
/** The name of the backoff whose delay comes from the control state. */
export const BACKOFF = "control";

/** A credential's next look. */
export interface PlannedLook {
  readonly credential: Credential;
  /** Epoch ms. */
  readonly at: number;
  /** ms from now; 0 or less: at once. */
  readonly delayMs: number;
}

/** What a job needs to know of a credential. */
export type Named = Pick<Credential, "ref"> & { readonly account: Pick<Credential["account"], "name"> };

/** Puts jobs on `refresh`. Every trigger makes the same job; duplicates of one kind are one job. */
export interface Enqueue {
  /**
   * A look at once. When the credential's immediate job waits in backoff, the triggers of people, reports,
   * parents and leaders bring it forward; a demand does not.
   */
  immediate(credential: Named, reason: TriggerReason): Promise<void>;
  /** Exactly one delayed job for each credential, at its time: it is moved when the time has moved. @returns the jobs' ids */
  planned(looks: readonly PlannedLook[]): Promise<string[]>;
  /** An entry for the history about what was refreshed without the queue. */
  record(credential: Credential): Promise<void>;
}

const PROMOTING: readonly TriggerReason[] = ["operator", "reported", "parent", "leader"];

/** @param queue the queue `refresh` */
export function createEnqueue(queue: Queue, standingJobs: StandingJobs): Enqueue {
  return {
    async immediate(credential, reason) {
      const deduplication = {
        id: immediateDeduplicationId(credential.ref),
        reschedule: PROMOTING.includes(reason),
        // A trigger that comes while the job runs may be about facts that the job did not see: one more look after it.
        keepLastIfActive: true,
      };
      const add = (): Promise<Job> =>
        queue.add(jobName(credential), dataOf(credential, reason), { ...jobOptions, deduplication });
      const { id = "" } = await add();
      if (await standingJobs.forgetStale({ id, deduplication: deduplication.id })) await add();
    },

    async planned(looks) {
      const standing = await standingJobs.findPlanned(looks);
      const moved = looks.filter((_, index) => standing[index] === undefined);
      const jobs = moved.map(({ credential, at, delayMs }) => ({
        name: jobName(credential),
        data: dataOf(credential, "plan"),
        opts: {
          ...jobOptions,
          // Together exactly `at`, by which the job is recognised.
          timestamp: at - delayMs,
          delay: Math.max(0, delayMs),
          deduplication: { id: planDeduplicationId(credential.ref), reschedule: true },
        },
      }));
      const added = (jobs.length > 0 ? await queue.addBulk(jobs) : []).values();
      return standing.map((id) => id ?? added.next().value?.id ?? "");
    },

    async record(credential) {
      await queue.add(jobName(credential), dataOf(credential, "fallback"), { ...jobOptions });
    },
  };
}

const jobOptions: JobsOptions = {
  attempts: JOB_ATTEMPTS,
  backoff: { type: BACKOFF },
  ...REFRESH_JOB_OPTIONS,
};

function jobName({ account, ref }: Named): string {
  return refreshJobName(account.name, ref.kind);
}

function dataOf({ ref }: Named, reason: TriggerReason): RefreshJobData {
  return { account: ref.account, kind: ref.kind, reason };
}
