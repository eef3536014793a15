import type { Account, CallScope, Leader } from "@tokenkeeper/core";
import type { CredentialKind } from "@tokenkeeper/shared/contract";
import type { Rotation } from "../decide/plan.ts";
import type { FetchReply, WireReply } from "../wechat/reply.ts";

/** One call to WeChat, or to a leader. It carries a secret or a token: it is never logged. */
export interface WechatRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Who is asked instead of WeChat: another instance of ours, with a key of its token HTTP API. */
  readonly leader?: Leader;
}

/** How a value of one kind is obtained. */
export interface Recipe {
  /** Name of the endpoint in the fetch counters. */
  readonly endpoint: string;
  readonly scope: CallScope;
  readonly rotation: Rotation;
  /** The kind whose value the request needs. */
  readonly parent?: CredentialKind;
  /** WeChat's fetches a day, when they are published. */
  readonly dailyLimit?: number;
  /** Fetches a day that may happen by themselves, where they cost nothing at WeChat. */
  readonly automaticCap?: number;
  /** Fetches a day that people may cause. */
  readonly handCap: number;
  /** How another value is forced, where the plain request returns the same one. */
  readonly forced?: Recipe;
  request(parentValue: string): WechatRequest;
  /** The value in what came back, or the failure that it tells of. */
  read(reply: WireReply): FetchReply;
}

/** A family of credentials: the folder that knows its endpoints. WeCom and third-party platforms get their own. */
export interface Family {
  /** @param useStable the classic endpoint is barred for now: obtain a stable token instead. */
  recipe(account: Account, kind: CredentialKind, useStable: boolean): Recipe;
  /** A cheap call that shows whether WeChat accepts an access token; a family without one leaves that to its leader. */
  readonly probe?: (token: string) => WechatRequest;
  /** Sets all daily counters of the account back to 0; not where a leader keeps them. */
  readonly resetQuota?: (account: Account) => WechatRequest;
}
