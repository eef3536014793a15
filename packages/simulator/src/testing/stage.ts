import { findToken } from "../rules/admission.ts";
import { classicToken } from "../rules/classic-token.ts";
import { verdictOf } from "../rules/line.ts";
import type { Context, Params, Rule, Ruling } from "../rules/ruling.ts";
import { stableToken } from "../rules/stable-token.ts";
import { getTicket } from "../rules/ticket.ts";
import { newAccount } from "../state/account.ts";
import type { Account } from "../state/account.ts";
import { completeSettings, mergeSettings } from "../state/settings.ts";
import type { AccountPatch } from "../state/settings.ts";
import { seededRandom } from "./seeded-random.ts";

const NOON_IN_BEIJING = Date.UTC(2026, 10, 22, 4);

export interface Reply {
  errcode: number;
  errmsg: string;
  value: string;
  expires_in: number;
  verdict: string;
}

export interface Stage {
  /** Lets simulated seconds pass. */
  pass: (seconds: number) => void;
  apply: (rule: Rule, params: Params) => Ruling;
  classic: (extra?: Params) => Reply;
  stable: (force?: boolean) => Reply;
  ticket: (token: string, type?: string) => Reply;
  verdict: (token: string) => string;
  mend: (patch: AccountPatch) => void;
  account: () => Account;
  context: () => Context;
}

/** One account before the pure rules, with a clock that only the test moves. */
export function createStage(settings: AccountPatch = {}, scale = 1): Stage {
  const credentials = { appid: "wxstage", secret: "the-secret", grant_type: "client_credential" };
  const random = seededRandom(7);
  let account = newAccount(completeSettings({ ...settings, appId: "wxstage", secret: "the-secret" }), 60);
  let now = NOON_IN_BEIJING;
  const context = (): Context => ({ now, scale, random });

  function apply(rule: Rule, params: Params): Ruling {
    const ruling = rule({ account, params, context: context() });
    account = ruling.account ?? account;
    return ruling;
  }

  function reply({ body, trace }: Ruling): Reply {
    const fields = body as Record<string, unknown>;
    return {
      errcode: trace.errcode,
      errmsg: String(fields["errmsg"]),
      value: String(fields["access_token"] ?? fields["ticket"]),
      expires_in: Number(fields["expires_in"]),
      verdict: trace.verdict,
    };
  }

  return {
    pass: (seconds) => {
      now += (seconds * 1000) / scale;
    },
    apply,
    classic: (extra) => reply(apply(classicToken, { ...credentials, ...extra })),
    stable: (force = false) => reply(apply(stableToken, { ...credentials, force_refresh: force })),
    ticket: (token, type = "jsapi") => reply(apply(getTicket, { access_token: token, type })),
    verdict: (token) => {
      const found = findToken(account, token);
      return found === undefined ? "unknown" : verdictOf(found.entry, now);
    },
    mend: (patch) => {
      account = { ...account, settings: mergeSettings(account.settings, patch) };
    },
    account: () => account,
    context,
  };
}
