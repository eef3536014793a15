import { explainCode, HISTORY, parseRefreshJob, type Bilingual } from "@tokenkeeper/core";
import type { CredentialRef } from "@tokenkeeper/shared/contract";
import type { Job, Queue } from "bullmq";
import { answered } from "./data.ts";
import { readFailure } from "./history.ts";

/** A job that waits for somebody to re-run it. */
export interface FailedJob {
  readonly job: string;
  /** `<account name> · <kind>` */
  readonly name: string;
  readonly credential: CredentialRef;
  /** Epoch ms. */
  readonly at: number;
  /** Who wanted the look. */
  readonly trigger: string;
  /** WeChat's errcode or a word of ours; absent when the failure is none of ours. */
  readonly code?: string;
  /** The address that WeChat saw. */
  readonly ip?: string;
  /** WeChat's request id. */
  readonly rid?: string;
  readonly sentence: Bilingual;
  readonly remedy?: Bilingual;
}

/** More failed jobs than the queue keeps there cannot be. */
export const FAILED_JOBS_KEPT = HISTORY.removeOnFail.count;

/** Jobs in one round trip. */
const PAGE = 500;

/**
 * The failed jobs of the queue `refresh`, the newest first. Rejects with UnavailableError while Redis does not answer.
 * @param most so many at most
 */
export function readFailedJobs(queue: Queue, most: number): Promise<FailedJob[]> {
  return answered(async () => {
    const found: FailedJob[] = [];
    for (let start = 0; found.length < most; start += PAGE) {
      const page = await queue.getJobs(["failed"], start, start + PAGE - 1, false);
      // One that was removed meanwhile leaves a gap.
      found.push(...page.filter(Boolean).flatMap((job) => failedJobOf(job)));
      if (page.length < PAGE) break;
    }
    return found.slice(0, most);
  });
}

/** A job as a failed one; nothing when it is not one of ours. */
export function failedJobOf({ id, name, data, finishedOn = 0, failedReason }: Job): FailedJob[] {
  const ours = parseRefreshJob(data);
  if (!ours || id === undefined) return [];
  const { account, kind, reason: trigger } = ours;
  return [{ job: id, name, credential: { account, kind }, at: finishedOn, trigger, ...whyOf(failedReason, kind) }];
}

function whyOf(
  failedReason: string,
  kind: CredentialRef["kind"],
): Pick<FailedJob, "code" | "ip" | "rid" | "sentence" | "remedy"> {
  const { facts, text } = readFailure(failedReason);
  const [code, ...others] = facts.split(" · ");
  if (!code) return { sentence: text };
  const fact = (word: string): string | undefined => others.find((each) => each.startsWith(`${word} `))?.split(" ")[1];
  const [ip, rid] = [fact("ip"), fact("rid")];
  const named = { code, ...(ip !== undefined && { ip }), ...(rid !== undefined && { rid }) };
  const { meaning, remedy } = explainCode(code, kind === "access_token" ? "token" : "ticket", ip);
  // The same words as in the job, when it is about a code: meaning and remedy then stand apart.
  const explained = text.en === `${meaning.en}. ${remedy.en}`;
  return explained ? { ...named, sentence: meaning, remedy } : { ...named, sentence: text };
}
