import type { Job } from "bullmq";
import type { AlertJob } from "./alert-job.ts";

/** Whether a receiver heard that an incident opened. `not yet`: its message is still to come, or to be found over. */
export type Heard = "no" | "not yet" | "maybe";

/** What there is to know of the job that was to tell it. */
export type OpenedJob = Pick<Job<unknown, unknown>, "attemptsMade" | "stalledCounter" | "finishedOn" | "returnvalue">;

/**
 * Pure. A try that failed, or that its process did not survive, may have been heard all the same.
 * @param opened `undefined`: the queue keeps it no more.
 */
export function heardOf(opened: OpenedJob | undefined): Heard {
  if (!opened) return "maybe";
  const { attemptsMade, stalledCounter, finishedOn, returnvalue } = opened;
  if (stalledCounter > 0) return "maybe";
  if (finishedOn === undefined) return attemptsMade > 0 ? "maybe" : "not yet";
  // The run that ends a job counts as one.
  return attemptsMade <= 1 && isOver(returnvalue) ? "no" : "maybe";
}

function isOver(result: unknown): boolean {
  return typeof result === "object" && result !== null && "outcome" in result && result.outcome === "over";
}

/**
 * A message about ends without those of what its receiver never heard of. Pure.
 * @param heard for each incident of the message, in their order.
 * @returns `not yet` when one of them is to be waited for; `undefined` when nothing is left to tell.
 */
export function tellable(data: AlertJob, heard: readonly Heard[]): AlertJob | "not yet" | undefined {
  if (heard.includes("not yet")) return "not yet";
  const incidents = data.incidents.filter((_entry, index) => heard[index] !== "no");
  const unheard = data.incidents.length - incidents.length;
  return incidents.length === 0 ? undefined : { ...data, incidents, count: data.count - unheard };
}
