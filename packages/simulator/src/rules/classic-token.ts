import type { Account } from "../state/account.ts";
import type { Context, RuleInput, Ruling } from "./ruling.ts";
import { admitBySecret } from "./admission.ts";
import { refuse, refuseClassicQuota } from "./errcode.ts";
import { issueToken } from "./issue-token.ts";
import { count, isSpent } from "./quota.ts";

/** `GET /cgi-bin/token`: every success issues a new token and retires the one before it. */
export function classicToken(input: RuleInput): Ruling {
  if (input.params["grant_type"] !== "client_credential") return refuse(40002, input.context);
  const admitted = admitBySecret(input, "secret");
  return admitted.refusal ?? fetchClassic(admitted.account, input.context);
}

/** Issues a classic token to a caller already let in. */
export function fetchClassic(account: Account, context: Context): Ruling {
  if (isSpent(account, "token", context)) return refuseClassicQuota(context);
  return issueToken(count(account, "token", context), "classic", context);
}
