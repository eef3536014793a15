import { fingerprint } from "../rules/value.ts";
import type { Context } from "../rules/ruling.ts";
import { currentUsage } from "../rules/quota.ts";
import { acceptedUntil, newest, verdictOf } from "../rules/line.ts";
import type { Account, Line } from "./account.ts";
import type { Settings } from "./settings.ts";

/** An account's settings as the control API shows them: the secret only as its fingerprint. */
export type AccountView = Omit<Settings, "secret"> & { secretFp: string };

export interface LineView {
  issued: number;
  newest: { ordinal: number; fp: string; verdict: string; lifeLeftMs: number } | null;
  accepted: { ordinal: number; fp: string; lifeLeftMs: number }[];
}

/** What an account has issued and used; no value, no secret. */
export interface AccountStateView {
  appId: string;
  name: string;
  type: Settings["type"];
  lines: Record<keyof Account["lines"], LineView>;
  quota: { date: string; day: Record<string, number>; minuteCalls: number; clearsThisMonth: number };
}

/** Returns the account's settings without its secret. */
export function viewAccount(account: Account): AccountView {
  const { secret, ...settings } = account.settings;
  return { ...settings, secretFp: fingerprint(secret) };
}

/** Returns ordinals, fingerprints, life left (ms) and quota counters of the account. */
export function viewState(account: Account, context: Context): AccountStateView {
  const { lines, settings } = account;
  const usage = currentUsage(account, context);
  return {
    appId: settings.appId,
    name: settings.name,
    type: settings.type,
    lines: {
      classic: viewLine(lines.classic, context.now),
      stable: viewLine(lines.stable, context.now),
      jsapi: viewLine(lines.jsapi, context.now),
      wx_card: viewLine(lines.wx_card, context.now),
    },
    quota: { date: usage.date, day: usage.day, minuteCalls: usage.minuteCalls, clearsThisMonth: usage.clears },
  };
}

function viewLine(line: Line, now: number): LineView {
  const last = newest(line);
  const show = (issued: Line["issued"][number]) => ({
    ordinal: issued.ordinal,
    fp: issued.fp,
    lifeLeftMs: Math.max(0, acceptedUntil(issued) - now),
  });
  return {
    issued: line.count,
    newest: last === undefined ? null : { ...show(last), verdict: verdictOf(last, now) },
    accepted: line.issued.filter((issued) => verdictOf(issued, now) === "accepted").map(show),
  };
}
