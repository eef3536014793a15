import type { Account } from "../state/account.ts";
import type { Context, Ruling } from "./ruling.ts";
import { expiresIn, scaledMs } from "./durations.ts";
import { issue, newest } from "./line.ts";
import { randomToken } from "./value.ts";

/** Issues a new access token of one family; the other family is left alone. Success carries no errcode, as at WeChat. */
export function issueToken(account: Account, family: "classic" | "stable", context: Context): Ruling {
  const { settings, serial, lines } = account;
  const { now, scale, random } = context;
  const value = randomToken({ serial, length: settings.tokenLength, random });
  const line = issue(lines[family], {
    value,
    now,
    lifeMs: scaledMs(settings.tokenLifeSeconds, scale),
    graceMs: scaledMs(settings.graceSeconds, scale),
    strict: settings.strict,
  });
  const entry = newest(line);
  return {
    account: { ...account, lines: { ...lines, [family]: line } },
    body: { access_token: value, expires_in: expiresIn(entry?.expiresAt ?? now, now) },
    trace: { errcode: 0, verdict: "issued", family, ordinal: line.count, ...(entry && { fp: entry.fp }) },
  };
}
