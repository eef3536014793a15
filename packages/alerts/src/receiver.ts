import type { Secret } from "@tokenkeeper/core";
import type { Subject } from "./incident.ts";
import type { Rule, Severity } from "./rules.ts";
import type { Language } from "./words.ts";

/** What a receiver understands. */
export const RECEIVER_TYPES = ["wecom", "dingtalk", "feishu", "webhook"] as const;

/** One of `RECEIVER_TYPES`. */
export type ReceiverType = (typeof RECEIVER_TYPES)[number];

/** Where messages go. */
export interface Receiver {
  readonly name: string;
  readonly type: ReceiverType;
  /** Whoever knows it may write there. */
  readonly url: Secret;
  /** With which messages are signed. */
  readonly secret?: Secret;
  readonly language: Language;
  readonly severities: readonly Severity[];
  /** Names or ids; without it every account, and what is about the whole fleet. */
  readonly accounts?: readonly string[];
  /** Without it every rule. */
  readonly rules?: readonly Rule[];
}

/** Whether a receiver is told of what this rule finds. */
export function wants(
  { severities, rules, accounts }: Receiver,
  { severity, rule, subject }: { severity: Severity; rule: Rule; subject?: Subject | undefined },
): boolean {
  if (!severities.includes(severity) || (rules && !rules.includes(rule))) return false;
  return (
    !accounts || (subject !== undefined && [subject.account, subject.name].some((word) => accounts.includes(word)))
  );
}
