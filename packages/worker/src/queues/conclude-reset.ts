import { describeFailure } from "@tokenkeeper/core";
import type { ResetOutcome } from "../refresh/quota-reset.ts";
import type { JobMove } from "./conclude.ts";

/** WeChat's errcode for "no reset left this month". */
const SPENT_AT_WECHAT = 48006;
const SPENT =
  "48006 | 本月的 10 次重置已用完，配额在北京时间零点恢复。 | The month's 10 resets are used up; the quota comes back at midnight in Beijing.";
const AGAIN =
  "reset | 执行重置的 worker 中途退出，结果未知；请查看配额，仍需要时再次重置。 | The worker ended in the middle: whether WeChat reset the quota is not known. Look at the quota, and reset again if it is still needed.";

const AT_LEADER =
  "reset | 该账号跟随上游（leader），未向微信发送任何请求；请在上游的看板上重置。 | The account follows a leader, and nothing was sent to WeChat: reset the quota on the leader's dashboard.";

/** What BullMQ is to do with the job of a reset. */
export function concludeReset(outcome: ResetOutcome): Extract<JobMove, { type: "complete" | "fail" }> {
  switch (outcome.type) {
    case "reset":
      return { type: "complete", keep: true, result: { outcome: "quota_reset", left: outcome.left } };
    case "spent":
      return { type: "fail", message: SPENT };
    case "again":
      return { type: "fail", message: AGAIN };
    case "at_leader":
      return { type: "fail", message: AT_LEADER };
    case "failed": {
      const { failure } = outcome;
      return { type: "fail", message: failure.code === SPENT_AT_WECHAT ? SPENT : describeFailure(failure, "token") };
    }
  }
}
