import type { Control } from "@tokenkeeper/core";
import type { CredentialRef } from "@tokenkeeper/shared/contract";
import type { CredentialStore } from "../store/credential-store.ts";

// A job that has ended as failed and starts again is a person's re-run. When many of one credential are re-run together,
// one of them fetches by hand; its attempt marks the others as spent, and they are ordinary looks that stay on the board.

const SPENT = "!";

/** What a job is to its credential. */
export interface Rerun {
  /** A person re-runs it. */
  readonly isRerun: boolean;
  /** And it may pass what keeps automatic attempts away. */
  readonly byHand: boolean;
}

/** Whether a job is a person's re-run, by the credential's list of failed jobs. */
export function rerunOf({ failedJobs }: Control, jobId: string | undefined): Rerun {
  if (jobId === undefined) return { isRerun: false, byHand: false };
  const byHand = failedJobs.includes(jobId);
  return { isRerun: byHand || failedJobs.includes(`${jobId}${SPENT}`), byHand };
}

/** An attempt by hand has begun: the credential's failed jobs are spent. Rejects with `StorageError`. */
export async function spendFailedJobs(
  store: CredentialStore,
  ref: CredentialRef,
  { failedJobs }: Control,
): Promise<void> {
  for (const id of failedJobs.filter((each) => !each.endsWith(SPENT))) {
    // In this order: a job that looks in between must find itself in the list.
    await store.addFailedJob(ref, `${id}${SPENT}`);
    await store.removeFailedJob(ref, id);
  }
}

/** The job ended well or is no longer this credential's matter. Rejects with `StorageError`. */
export async function forgetFailedJob(store: CredentialStore, ref: CredentialRef, jobId: string): Promise<void> {
  await store.removeFailedJob(ref, jobId);
  await store.removeFailedJob(ref, `${jobId}${SPENT}`);
}

/** The job ended as failed: when it starts again, a person re-runs it. Rejects with `StorageError`. */
export async function rememberFailedJob(store: CredentialStore, ref: CredentialRef, jobId: string): Promise<void> {
  await store.addFailedJob(ref, jobId);
  await store.removeFailedJob(ref, `${jobId}${SPENT}`);
}
