import type { Account, CallScope } from "@tokenkeeper/core";
import type { CredentialKind } from "@tokenkeeper/shared/contract";
import type { Rotation } from "../decide/plan.ts";

/** One call to WeChat. It carries a secret or a token: it is never logged. */
export interface WechatRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, string | boolean>>;
}

/** How a value of one kind is obtained from WeChat. */
export interface Recipe {
  /** Name of the endpoint in the fetch counters. */
  readonly endpoint: string;
  readonly scope: CallScope;
  readonly rotation: Rotation;
  /** The kind whose value the request needs. */
  readonly parent?: CredentialKind;
  /** WeChat's fetches a day, when they are published. */
  readonly dailyLimit?: number;
  /** Fetches a day that people may cause. */
  readonly handCap: number;
  /** How another value is forced, where the plain request returns the same one. */
  readonly forced?: Recipe;
  /** Field of the reply that holds the value. */
  readonly valueField: "access_token" | "ticket";
  request(parentValue: string): WechatRequest;
}

/** A family of credentials: the folder that knows its endpoints. WeCom and third-party platforms get their own. */
export interface Family {
  /** @param useStable the classic endpoint is barred for now: obtain a stable token instead. */
  recipe(account: Account, kind: CredentialKind, useStable: boolean): Recipe;
  /** A cheap call that shows whether WeChat accepts an access token. */
  probe(token: string): WechatRequest;
  /** Sets all daily counters of the account back to 0. */
  resetQuota(account: Account): WechatRequest;
}
