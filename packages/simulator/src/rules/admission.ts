import { BlockList } from "node:net";
import type { Account, Issued } from "../state/account.ts";
import type { RuleInput, Ruling } from "./ruling.ts";
import { findIssued, verdictOf } from "./line.ts";
import { refuse } from "./errcode.ts";
import { fingerprint, serialOf } from "./value.ts";

export type BySecret = { account: Account; refusal?: undefined } | { refusal: Ruling };
export type ByToken =
  | { account: Account; family: "classic" | "stable"; entry: Issued; refusal?: undefined }
  | { refusal: Ruling };

/** Lets a call in by appid and secret, or returns WeChat's refusal (41002, 41004, 40013, 40125, 40164). */
export function admitBySecret(input: RuleInput, secretField: "secret" | "appsecret"): BySecret {
  const { account, params, context } = input;
  const secret = params[secretField];
  if (!params["appid"]) return { refusal: refuse(41002, context) };
  if (!secret) return { refusal: refuse(41004, context) };
  if (account === undefined) return { refusal: refuse(40013, context) };
  if (secret !== account.settings.secret) return { refusal: refuse(40125, context) };
  if (!isListed(account)) return { refusal: refuse(40164, context, { ip: account.settings.egressIp }) };
  return { account };
}

/**
 * Lets a call in by access token, or returns WeChat's refusal: 41001 missing, 40014 garbled, 40001 unknown or superseded,
 * 42001 expired, 40164. Official accounts check the whitelist here as well, mini programs only on calls with the secret.
 */
export function admitByToken(input: RuleInput): ByToken {
  const { account, params, context } = input;
  const token = params["access_token"];
  if (typeof token !== "string" || token === "") return { refusal: refuse(41001, context) };
  if (serialOf(token) === undefined) return { refusal: refuse(40014, context, { trace: { verdict: "garbled" } }) };
  const found = account && findToken(account, token);
  if (!account || !found) return { refusal: refuse(40001, context, { trace: { verdict: "unknown" } }) };
  const { family, entry } = found;
  const verdict = verdictOf(entry, context.now);
  const trace = { verdict, family, ordinal: entry.ordinal, fp: entry.fp };
  if (verdict !== "accepted") return { refusal: refuse(verdict === "expired" ? 42001 : 40001, context, { trace }) };
  if (account.settings.type === "official-account" && !isListed(account)) {
    const detail = { ip: account.settings.egressIp, trace: { ...trace, verdict: "refused" as const } };
    return { refusal: refuse(40164, context, detail) };
  }
  return { account, family, entry };
}

/** Returns the family and entry of a token of this account. */
export function findToken(
  account: Account,
  token: string,
): { family: "classic" | "stable"; entry: Issued } | undefined {
  const fp = fingerprint(token);
  for (const family of ["classic", "stable"] as const) {
    const entry = findIssued(account.lines[family], fp);
    if (entry !== undefined) return { family, entry };
  }
  return undefined;
}

function isListed({ settings: { whitelist, egressIp } }: Account): boolean {
  if (whitelist === null) return true;
  const list = new BlockList();
  for (const item of whitelist) {
    const [address = "", bits] = item.split("/");
    if (bits === undefined) list.addAddress(address);
    else list.addSubnet(address, Number(bits));
  }
  return list.check(egressIp);
}
