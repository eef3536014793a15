// WeChat in memory: the simulator's own rules, on virtual time.
import type { Account as OurAccount } from "@tokenkeeper/core";
import type { CredentialRef } from "@tokenkeeper/shared/contract";
import type { WechatRequest } from "../../packages/worker/src/families/family.ts";
import { ENDPOINTS } from "../../packages/simulator/src/rules/endpoint.ts";
import { newest, verdictOf } from "../../packages/simulator/src/rules/line.ts";
import type { Context } from "../../packages/simulator/src/rules/ruling.ts";
import { fetchStable } from "../../packages/simulator/src/rules/stable-token.ts";
import { fetchClassic } from "../../packages/simulator/src/rules/classic-token.ts";
import { fingerprint, serialOf } from "../../packages/simulator/src/rules/value.ts";
import { newAccount, type Account } from "../../packages/simulator/src/state/account.ts";
import { completeSettings } from "../../packages/simulator/src/state/settings.ts";

/** What WeChat would say of a value. */
export type Standing = "newest" | "accepted" | "refused";

/** WeChat. Every call is executed at once; delivering it is somebody else's part. */
export interface Wechat {
  /** @returns the body of the answer. */
  execute(call: WechatRequest): Record<string, unknown>;
  /** What a call fetches; a business call fetches nothing. */
  credentialOf(call: WechatRequest): CredentialRef | undefined;
  /** Another system fetches a classic token. */
  fetchElsewhere(account: string): void;
  /** WeChat stops accepting the account's stable token and gives another one. */
  refuseStable(account: string): void;
  /** @param value undefined: none is stored */
  standing(credential: CredentialRef, value: string | undefined): Standing;
  /** How many values of the kind it has issued. */
  issued(credential: CredentialRef): number;
  /** The ordinal of a value among those issued. */
  ordinalOf(credential: CredentialRef, value: string): number | undefined;
}

/** What a WeChat of the model is made of. Lives in ms. */
export interface WechatOptions {
  readonly accounts: readonly OurAccount[];
  readonly tokenLifeMs: number;
  readonly now: () => number;
  readonly random: () => number;
}

const FIRST_SERIAL = 60;

export function createWechat({ accounts, tokenLifeMs, now, random }: WechatOptions): Wechat {
  const byId = new Map<string, Account>();
  const kindOf = new Map(accounts.map(({ id, token }) => [id, token]));
  const life = Math.round(tokenLifeMs / 1_000);
  for (const [index, { id, secret }] of accounts.entries()) {
    const settings = completeSettings({ appId: id, secret: secret.reveal() });
    const lives = { tokenLifeSeconds: life, ticketLifeSeconds: life, tokenLength: 32 };
    byId.set(id, newAccount({ ...settings, ...lives }, FIRST_SERIAL + index));
  }
  const context = (): Context => ({ now: now(), scale: 1, random });

  function change(account: Account | undefined): void {
    if (account) byId.set(account.settings.appId, account);
  }

  /** Whose access token a call carries. */
  function holderOf(query: WechatRequest["query"]): string {
    const serial = serialOf(query["access_token"] ?? "") ?? 0;
    return accounts[serial - FIRST_SERIAL]?.id ?? "";
  }

  function lineOf({ account, kind }: CredentialRef): Account["lines"]["classic"] {
    const found = byId.get(account);
    const name =
      kind === "access_token" ? (kindOf.get(account) ?? "classic") : kind === "jsapi_ticket" ? "jsapi" : "wx_card";
    if (!found) throw new Error(`the model has no account ${account}`);
    return found.lines[name];
  }

  return {
    credentialOf({ path, query, body }) {
      if (path.endsWith("token"))
        return { account: (body?.["appid"] ?? query["appid"]) as string, kind: "access_token" };
      if (!path.endsWith("getticket")) return undefined;
      return { account: holderOf(query), kind: query["type"] === "jsapi" ? "jsapi_ticket" : "wx_card_ticket" };
    },

    execute({ method, path, query, body }) {
      const endpoint = ENDPOINTS.find((known) => known.path === path && known.method === method);
      if (!endpoint) throw new Error(`the model has no ${method} ${path}`);
      const params: Record<string, unknown> = { ...query, ...body };
      const account = byId.get(endpoint.bearer === "secret" ? String(params["appid"]) : holderOf(query));
      const ruling = endpoint.rule({ account, params, context: context() });
      change(ruling.account);
      return { ...ruling.body };
    },

    fetchElsewhere(id) {
      const account = byId.get(id);
      if (account) change(fetchClassic(account, context()).account);
    },

    refuseStable(id) {
      // Two forced fetches 30 s apart end the older token at once. Source: WeChat, "getStableAccessToken".
      for (const at of [now(), now() + 30_000]) {
        const account = byId.get(id);
        if (account) change(fetchStable(account, "force", { ...context(), now: at }).account);
      }
    },

    standing(credential, value) {
      const line = lineOf(credential);
      const entry = value === undefined ? undefined : line.issued.findLast(({ fp }) => fp === fingerprint(value));
      if (!entry || verdictOf(entry, now()) !== "accepted") return "refused";
      return entry === newest(line) ? "newest" : "accepted";
    },
    issued: (credential) => lineOf(credential).count,
    ordinalOf: (credential, value) =>
      lineOf(credential).issued.findLast(({ fp }) => fp === fingerprint(value))?.ordinal,
  };
}
