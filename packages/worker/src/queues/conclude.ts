import { describeFailure, type CallScope, type Failure } from "@tokenkeeper/core";
import type { BlockedBy } from "../decide/decide.ts";
import type { RefreshOutcome } from "../decide/outcome.ts";

/** What BullMQ is to do with a job. Instants are epoch ms by Redis time. */
export type JobMove =
  /** Done; kept in the history only when something happened or a person asked. */
  | { readonly type: "complete"; readonly keep: boolean; readonly result: JobResult }
  /** Come back then; costs no attempt. */
  | { readonly type: "delay"; readonly until: number; readonly soon: boolean }
  /** This job tries again then, by BullMQ's backoff. */
  | { readonly type: "retry"; readonly at: number; readonly message: string }
  /** Failed for good: on the board until somebody presses retry. */
  | { readonly type: "fail"; readonly message: string };

/** What the board shows of a completed job. */
export type JobResult = Readonly<Record<string, string | number | boolean>>;

/** The job that the outcome belongs to. */
export interface ConcludeContext {
  readonly scope: CallScope;
  /** A person asked, or it is an entry about a refresh without the queue: kept whatever it came to. */
  readonly keep: boolean;
  readonly byHand: boolean;
  readonly lastAttempt: boolean;
}

/** The only place that knows both languages: outcomes and job moves. */
export function concludeJob(outcome: RefreshOutcome, { scope, keep, byHand, lastAttempt }: ConcludeContext): JobMove {
  switch (outcome.type) {
    case "refreshed": {
      const { reason, unchanged, fingerprint } = outcome;
      const times = { expiresAt: iso(outcome.expiresAt), nextRefreshAt: iso(outcome.nextAt) };
      return {
        type: "complete",
        keep: true,
        result: { outcome: "refreshed", reason, unchanged, fingerprint, ...times },
      };
    }
    case "fresh":
      return { type: "complete", keep, result: { outcome: "fresh", nextRefreshAt: iso(outcome.nextAt) } };
    case "waiting":
      return { type: "complete", keep, result: { outcome: "waiting", parent: outcome.parent.kind } };
    case "fenced":
      return { type: "complete", keep: true, result: { outcome: "fenced" } };
    case "busy":
      return { type: "delay", until: outcome.until, soon: true };
    case "blocked": {
      // A refresh without the queue has failed, or a person asked in vain: the board says why.
      if (keep && outcome.failure)
        return { type: "fail", message: blockedByFailure(outcome.failure, scope, outcome.until) };
      if (outcome.why === "force_spacing" && outcome.until !== undefined)
        return { type: "delay", until: outcome.until, soon: false };
      if (byHand) return { type: "fail", message: blockedMessage(outcome.why, outcome.until) };
      // A retry that comes early, by a clock that is ahead, is still this job's.
      if (outcome.why === "retry_at" && outcome.until !== undefined)
        return { type: "delay", until: outcome.until, soon: false };
      const until = outcome.until === undefined ? {} : { until: iso(outcome.until) };
      return { type: "complete", keep, result: { outcome: "blocked", why: outcome.why, ...until } };
    }
    case "failed": {
      const message = describeFailure(outcome.failure, scope);
      const again = outcome.sameJob && !byHand && !lastAttempt && outcome.retryAt !== undefined;
      return again ? { type: "retry", at: outcome.retryAt, message } : { type: "fail", message };
    }
  }
}

const BLOCKED_SENTENCES: Record<BlockedBy, { readonly zh: string; readonly en: string }> = {
  permanent: { zh: "配置修正之前不会再获取", en: "It is not fetched before the configuration is mended" },
  cool_down: { zh: "微信限制期内不能获取", en: "WeChat bars fetches until then" },
  needs_person: { zh: "等待人工处理", en: "It waits for a person" },
  budget: { zh: "当日获取次数预算已用完", en: "The day's budget of fetches is used up" },
  retry_at: { zh: "等待下次重试", en: "It waits for its next attempt" },
  paused: {
    zh: "该账号已暂停，恢复之前不会获取",
    en: "The account is paused: nothing is fetched until somebody resumes it",
  },
  force_spacing: { zh: "两次强制刷新至少间隔 30 秒", en: "Forced refreshes are at least 30 s apart" },
};

function blockedByFailure(failure: Failure, scope: CallScope, until: number | undefined): string {
  const next = until === undefined ? "" : ` | 下次自动尝试 next attempt by itself: ${iso(until)}`;
  return `${describeFailure(failure, scope)}${next}`;
}

function blockedMessage(why: BlockedBy, until: number | undefined): string {
  const { zh, en } = BLOCKED_SENTENCES[why];
  const time = until === undefined ? "" : ` (${iso(until)})`;
  return `blocked · ${why}${time} | ${zh}${time}。 | ${en}${time}.`;
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}
