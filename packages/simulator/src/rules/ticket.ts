import type { Account, Issued } from "../state/account.ts";
import type { Context, RuleInput, Ruling } from "./ruling.ts";
import { admitByToken } from "./admission.ts";
import { expiresIn, scaledMs } from "./durations.ts";
import { refuse } from "./errcode.ts";
import { issue, live, newest } from "./line.ts";
import { count, isSpent } from "./quota.ts";
import { randomTicket } from "./value.ts";

const TICKET_TYPES = ["jsapi", "wx_card"] as const;
export type TicketType = (typeof TICKET_TYPES)[number];

/** Returns the ticket type that a request names, or undefined. */
export function ticketType(type: unknown): TicketType | undefined {
  return TICKET_TYPES.find((known) => known === type);
}

/** `GET /cgi-bin/ticket/getticket`: the same ticket while it is valid; mini programs have none (48001). */
export function getTicket(input: RuleInput): Ruling {
  const { params, context } = input;
  const admitted = admitByToken(input);
  if (admitted.refusal) return admitted.refusal;
  const type = ticketType(params["type"]);
  if (type === undefined) return refuse(40097, context);
  if (admitted.account.settings.type === "mini-program") return refuse(48001, context);
  if (isSpent(admitted.account, "getticket", context)) return refuse(45009, context);
  return fetchTicket(count(admitted.account, "getticket", context), type, context);
}

function fetchTicket(account: Account, type: TicketType, context: Context): Ruling {
  const { settings, lines } = account;
  const { now, scale, random } = context;
  const current = live(lines[type], now);
  if (current !== undefined && !settings.ticketRotates)
    return answer(account, { ...current, verdict: "same" }, context);
  const value = randomTicket(random);
  const line = issue(lines[type], { value, now, lifeMs: scaledMs(settings.ticketLifeSeconds, scale) });
  const changed = { ...account, lines: { ...lines, [type]: line } };
  return answer(changed, { value, entry: newest(line), verdict: "issued" }, context);
}

function answer(
  account: Account,
  ticket: { value: string; entry: Issued | undefined; verdict: "same" | "issued" },
  { now, scale }: Context,
): Ruling {
  const { ticketExpiresIn, ticketLifeSeconds } = account.settings;
  const endsAt =
    ticketExpiresIn === "full" ? now + scaledMs(ticketLifeSeconds, scale) : (ticket.entry?.expiresAt ?? now);
  return {
    account,
    body: { errcode: 0, errmsg: "ok", ticket: ticket.value, expires_in: expiresIn(endsAt, now) },
    trace: {
      errcode: 0,
      verdict: ticket.verdict,
      ...(ticket.entry && { ordinal: ticket.entry.ordinal, fp: ticket.entry.fp }),
    },
  };
}
