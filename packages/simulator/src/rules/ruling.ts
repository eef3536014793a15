import type { Account } from "../state/account.ts";

/** What a rule may know of the world: epoch ms, the divisor of every duration, numbers in [0, 1). */
export interface Context {
  readonly now: number;
  readonly scale: number;
  readonly random: () => number;
}

export type Verdict =
  | "issued"
  | "same"
  | "accepted"
  | "superseded"
  | "expired"
  | "unknown"
  | "garbled"
  | "refused"
  | "unexecuted";

/** What the event log keeps of a ruling; never a value. */
export interface Trace {
  errcode: number;
  verdict: Verdict;
  mode?: "normal" | "force";
  family?: "classic" | "stable";
  ordinal?: number;
  fp?: string;
}

/** WeChat's answer and, where the call changed it, the account afterwards. */
export interface Ruling {
  body: object;
  trace: Trace;
  account?: Account;
}

export type Params = Readonly<Record<string, unknown>>;

/** One call as the rules see it; `account` is the one that the appid or the token points to. */
export interface RuleInput {
  account: Account | undefined;
  params: Params;
  context: Context;
}

export type Rule = (input: RuleInput) => Ruling;
