import type { Account } from "../state/account.ts";
import type { Context, RuleInput, Ruling } from "./ruling.ts";
import { admitBySecret } from "./admission.ts";
import { business } from "./business.ts";
import { refuse } from "./errcode.ts";
import { currentUsage, dailyLimit, usedToday } from "./quota.ts";
import type { Counter } from "./quota.ts";

const COUNTER_OF_PATH: Readonly<Record<string, Counter>> = {
  "/cgi-bin/token": "token",
  "/cgi-bin/stable_token": "stable_token",
  "/cgi-bin/ticket/getticket": "getticket",
};

/** `POST /cgi-bin/openapi/quota/get`: 76003 for a path without a slash, 76021 for one that has no quota here. */
export function quotaGet(input: RuleInput): Ruling {
  return business(input, ({ cgi_path: path }) => {
    if (typeof path !== "string" || !path.startsWith("/")) return 76003;
    const counter = COUNTER_OF_PATH[path];
    if (counter === undefined || input.account === undefined) return 76021;
    return quotaOf(input.account, counter, input.context);
  });
}

function quotaOf(account: Account, counter: Counter, context: Context): object {
  const daily_limit = dailyLimit(account, counter);
  const used = usedToday(account, counter, context);
  const perMinute = { call_count: account.settings.quotas.stablePerMinute, refresh_second: 60 };
  return {
    errcode: 0,
    errmsg: "ok",
    quota: { daily_limit, used, remain: Math.max(0, daily_limit - used) },
    rate_limit: counter === "stable_token" ? perMinute : {},
    component_rate_limit: {},
  };
}

/** `POST /cgi-bin/clear_quota/v2` (appid + appsecret, no token): all daily counters to 0, 10 times a month (48006). */
export function clearQuota(input: RuleInput): Ruling {
  const admitted = admitBySecret(input, "appsecret");
  if (admitted.refusal) return admitted.refusal;
  const usage = currentUsage(admitted.account, input.context);
  if (usage.clears >= admitted.account.settings.quotas.clearsPerMonth) return refuse(48006, input.context);
  return {
    account: { ...admitted.account, usage: { ...usage, day: {}, minuteCalls: 0, clears: usage.clears + 1 } },
    body: { errcode: 0, errmsg: "ok" },
    trace: { errcode: 0, verdict: "accepted" },
  };
}
