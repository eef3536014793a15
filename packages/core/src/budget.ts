import type { CredentialKind } from "@tokenkeeper/shared/contract";
import type { AccountEntry } from "./account.ts";

/** Fetches by hand a day. */
export const HAND_CAP = 100;
/** Source: WeChat, "获取稳定版接口调用凭据": so many calls a day with `force_refresh`. */
export const FORCED_A_DAY = 20;

/** Reads at a leader a day that may happen by themselves. They cost nothing at WeChat; this only bounds a loop that nobody has thought of. About one in 4 s. */
export const LEADER_READS_A_DAY = 20_000;

/** WeChat's calls from which credentials come, and the read at a leader, as the fetch counters name them. */
export type Endpoint =
  | "classic_token"
  | "stable_token"
  | "stable_token_forced"
  | "jsapi_ticket"
  | "wx_card_ticket"
  | "leader";

/** Which call a credential comes from as configured. */
export function endpointOf(
  kind: CredentialKind,
  { token, follows }: Pick<AccountEntry, "token" | "follows">,
): Endpoint {
  if (follows) return "leader";
  if (kind !== "access_token") return kind;
  return token === "stable" ? "stable_token" : "classic_token";
}

/**
 * WeChat's calls a day; `undefined` where the number is not published.
 * Source: WeChat, "获取 access_token": 2,000, 200 for a test account; "获取稳定版接口调用凭据": 500,000, 20 forced ones.
 */
export function dailyLimitOf(endpoint: Endpoint, sandbox: boolean): number | undefined {
  if (endpoint === "classic_token") return sandbox ? 200 : 2_000;
  if (endpoint === "stable_token") return 500_000;
  return endpoint === "stable_token_forced" ? FORCED_A_DAY : undefined;
}

/** The life that WeChat gives its credentials, ms. Source: WeChat, "获取 access_token". */
const USUAL_LIFE_MS = 7_200_000;
/** Shorter lives than this part of it are absurd, and do not buy more fetches. */
const FASTEST_PACE = 48;

/**
 * How many fetches a day may happen by themselves: 300, or 15 % of WeChat's limit when that is less; a sandbox account's
 * 200 allow 60. A credential that lives shorter than usual is refreshed more often in proportion.
 * @param limit WeChat's fetches a day at the endpoint, when known.
 * @param lifeMs how long the current value was given to live, when known.
 */
export function automaticCap({ limit, lifeMs }: { limit?: number; lifeMs?: number }): number {
  const share = limit === undefined ? Number.POSITIVE_INFINITY : limit === 200 ? 60 : Math.floor(limit * 0.15);
  const pace = Math.min(FASTEST_PACE, Math.max(1, USUAL_LIFE_MS / Math.max(1, lifeMs ?? USUAL_LIFE_MS)));
  return Math.min(Math.ceil(300 * pace), share);
}
