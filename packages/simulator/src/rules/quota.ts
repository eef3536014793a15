import type { Account, Usage } from "../state/account.ts";
import type { Context } from "./ruling.ts";
import { beijingDate, beijingMonth, minuteOf } from "./durations.ts";

/** What is counted per Beijing day. */
export type Counter = "token" | "stable_token" | "stable_token:force" | "getticket";

/** Returns the account's usage, with counters of a past day, minute or month back at 0. */
export function currentUsage({ usage }: Account, context: Context): Usage {
  const date = beijingDate(context);
  const month = beijingMonth(context);
  const minute = minuteOf(context);
  return {
    ...usage,
    date,
    day: usage.date === date ? usage.day : {},
    minute,
    minuteCalls: usage.minute === minute ? usage.minuteCalls : 0,
    month,
    clears: usage.month === month ? usage.clears : 0,
  };
}

/** Returns the daily limit of a counter: `/cgi-bin/token` has 2000, or 200 for a sandbox account. */
export function dailyLimit({ settings }: Account, counter: Counter): number {
  const { quotas, sandbox } = settings;
  const limits: Record<Counter, number> = {
    token: quotas.classicPerDay ?? (sandbox ? 200 : 2000),
    stable_token: quotas.stablePerDay,
    "stable_token:force": quotas.forcePerDay,
    getticket: quotas.ticketPerDay,
  };
  return limits[counter];
}

/** Returns how often the counter was raised today. */
export function usedToday(account: Account, counter: Counter, context: Context): number {
  return currentUsage(account, context).day[counter] ?? 0;
}

/** Returns whether the counter's daily limit is reached. */
export function isSpent(account: Account, counter: Counter, context: Context): boolean {
  return usedToday(account, counter, context) >= dailyLimit(account, counter);
}

/** Returns the account with the counter raised by one. */
export function count(account: Account, counter: Counter, context: Context): Account {
  const usage = currentUsage(account, context);
  const day = { ...usage.day, [counter]: (usage.day[counter] ?? 0) + 1 };
  const minuteCalls = usage.minuteCalls + (counter === "stable_token" ? 1 : 0);
  return { ...account, usage: { ...usage, day, minuteCalls } };
}
