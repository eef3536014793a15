import type { Log, ReportResult } from "@tokenkeeper/core";
import type { Clock } from "@tokenkeeper/shared/contract";
import type { Credential } from "../credentials.ts";
import { readReport, reportCall } from "../families/follower/leader-calls.ts";
import type { WechatHttp } from "../wechat/http.ts";
import type { Changes } from "./changes.ts";

/** What passing a report on came to. `stale`: the leader has another value, which is fetched now. */
export type PassResult = Extract<ReportResult, "passed_on" | "stale" | "inconclusive" | "denied">;

/** Passes a report about the stored value of this fingerprint on to the leader. Rejects with `StorageError`. */
export type PassReport = (credential: Credential, fp: string) => Promise<PassResult>;

/** What it works with. */
export interface PassReportDeps {
  readonly http: WechatHttp;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long after an accepted report the leader is asked for what came of it, ms: while the app waits for another value. */
const LOOKS_AFTER = [150, 250, 400, 700, 1_200];

const DENIED =
  "该密钥不可上报失效，被微信拒绝的凭证只能等上游自行发现；请在上游的 api.keys 中为其设置 mayReport: true。 The key may not report, so a refused value lasts until the leader finds out by itself; set mayReport: true for it under api.keys at the leader.";

/** The leader asks WeChat whether the report is true: a follower judges nothing itself. */
export function createPassReport({ http, changes, clock, log }: PassReportDeps): PassReport {
  async function awaitChange(credential: Credential): Promise<void> {
    for (const ms of LOOKS_AFTER) {
      await clock.sleep(ms);
      if (await changes.checkOne(credential)) return;
    }
  }

  return async (credential, fp) => {
    const passed = readReport(await http.send(reportCall(credential.account, credential.ref, fp)));
    switch (passed) {
      case "accepted":
        await awaitChange(credential);
        return "passed_on";
      case "superseded":
        await changes.checkOne(credential);
        return "stale";
      case "denied":
        log.error({ credential: credential.id }, `leader.report_denied ${DENIED}`);
        return "denied";
      case "failed":
        return "inconclusive";
    }
  };
}
