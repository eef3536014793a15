import type { Account, Issued } from "../state/account.ts";
import type { Context, RuleInput, Ruling } from "./ruling.ts";
import { admitBySecret } from "./admission.ts";
import { expiresIn, scaledMs } from "./durations.ts";
import { refuse } from "./errcode.ts";
import { issueToken } from "./issue-token.ts";
import { live } from "./line.ts";
import { count, currentUsage, isSpent } from "./quota.ts";

const FORCE_SPACING_SECONDS = 30;

type Mode = "normal" | "force";

/** `POST /cgi-bin/stable_token`: the same token until its last 5 minutes, or a new one by force. */
export function stableToken(input: RuleInput): Ruling {
  if (input.params["grant_type"] !== "client_credential") return refuse(40002, input.context);
  const admitted = admitBySecret(input, "secret");
  const mode = input.params["force_refresh"] === true ? "force" : "normal";
  if (admitted.refusal) return { ...admitted.refusal, trace: { ...admitted.refusal.trace, mode, family: "stable" } };
  return fetchStable(admitted.account, mode, input.context);
}

/** Answers a stable fetch of a caller already let in. */
export function fetchStable(account: Account, mode: Mode, context: Context): Ruling {
  const trace = { mode, family: "stable" } as const;
  const usage = currentUsage(account, context);
  if (isSpent(account, "stable_token", context)) return refuse(45009, context, { trace });
  if (usage.minuteCalls >= account.settings.quotas.stablePerMinute) return refuse(45011, context, { trace });
  const ruling = (mode === "force" ? byForce : normally)(count(account, "stable_token", context), context);
  return { ...ruling, trace: { ...ruling.trace, ...trace } };
}

function normally(account: Account, context: Context): Ruling {
  const token = live(account.lines.stable, context.now);
  const windowMs = scaledMs(account.settings.windowSeconds, context.scale);
  if (token === undefined || token.entry.expiresAt - context.now <= windowMs) {
    return issueToken(account, "stable", context);
  }
  return sameToken(account, token, context);
}

function byForce(account: Account, context: Context): Ruling {
  const token = live(account.lines.stable, context.now);
  const { lastForceAt } = account.usage;
  const spacingMs = scaledMs(FORCE_SPACING_SECONDS, context.scale);
  if (token !== undefined && lastForceAt !== null && context.now - lastForceAt < spacingMs) {
    return sameToken(account, token, context);
  }
  if (isSpent(account, "stable_token:force", context)) return { ...refuse(45009, context), account };
  const counted = count(account, "stable_token:force", context);
  return issueToken({ ...counted, usage: { ...counted.usage, lastForceAt: context.now } }, "stable", context);
}

function sameToken(account: Account, token: { value: string; entry: Issued }, { now }: Context): Ruling {
  const { ordinal, fp, expiresAt } = token.entry;
  return {
    account,
    body: { access_token: token.value, expires_in: expiresIn(expiresAt, now) },
    trace: { errcode: 0, verdict: "same", ordinal, fp },
  };
}
