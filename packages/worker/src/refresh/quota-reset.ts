import { beijingDate, failureOf, type Failure, type Log } from "@tokenkeeper/core";
import type { Clock } from "@tokenkeeper/shared/contract";
import type { Credential, Credentials } from "../credentials.ts";
import type { QuotaResets } from "../store/quota-resets.ts";
import type { WechatHttp } from "../wechat/http.ts";
import { errcodeIn } from "../wechat/reply.ts";
import type { Memory } from "./memory.ts";

/** What a reset came to. A value, never an exception. */
export type ResetOutcome =
  /** WeChat has set the counters back; `left` more this month, by our own count. */
  | { readonly type: "reset"; readonly left: number }
  /** The month's resets are used up, by our own count. Nothing was sent. */
  | { readonly type: "spent" }
  /** The job came back after its worker died: whether WeChat did it is not known, and it is not sent twice. */
  | { readonly type: "again" }
  /** The account follows: its quota is spent by its leader, and only that can reset it. Nothing was sent. */
  | { readonly type: "at_leader" }
  | { readonly type: "failed"; readonly failure: Failure };

/** Has WeChat set an account's daily counters back. Rejects with `StorageError` when it could not be counted before. */
export type ResetQuota = (credential: Credential, jobId: string) => Promise<ResetOutcome>;

/** What a reset works with. */
export interface QuotaResetDeps {
  readonly resets: QuotaResets;
  readonly credentials: Credentials;
  readonly http: WechatHttp;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly log: Log;
}

/** Source: WeChat, "使用 AppSecret 重置 API 调用次数". */
export const RESETS_A_MONTH = 10;

/** Only a person asks for it: ten a month are gone quickly. It is counted before it is sent, whatever comes of it. */
export function createQuotaReset({ resets, credentials, http, memory, clock, log }: QuotaResetDeps): ResetQuota {
  return async ({ account, family, id }, jobId) => {
    if (!family.resetQuota) return { type: "at_leader" };
    const month = beijingDate(clock.now()).slice(0, "YYYY-MM".length);
    const used = await resets.reserve({ account: account.id, month, jobId, cap: RESETS_A_MONTH });
    if (typeof used !== "number") return { type: used };
    const reply = await http.send(family.resetQuota(account));
    if (reply.type === "failure") return { type: "failed", failure: reply.failure };
    const errcode = errcodeIn(reply.body);
    if (errcode !== 0) {
      const { errmsg } = reply.body;
      return { type: "failed", failure: failureOf(errcode, typeof errmsg === "string" ? errmsg : "", "token") };
    }
    for (const credential of credentials.all.filter(({ ref }) => ref.account === account.id)) {
      await resets.unblock(credential.ref);
      memory.forgetBlock(credential.id);
    }
    log.warn({ credential: id, account: account.name, left: RESETS_A_MONTH - used }, "quota.reset");
    return { type: "reset", left: RESETS_A_MONTH - used };
  };
}
