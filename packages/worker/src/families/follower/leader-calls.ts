import { secretOf, wordFailure, type Account, type Failure, type Leader, type WordCode } from "@tokenkeeper/core";
import { CREDENTIAL_KINDS, type CredentialRef } from "@tokenkeeper/shared/contract";
import { z } from "zod";
import { fetchedValue, type FetchReply, type WireReply } from "../../wechat/reply.ts";
import type { WechatRequest } from "../family.ts";

// What a follower asks its leader, and what the answers mean: docs/http-api.md. An answer that never came means nothing
// worse than that: asking changes nothing at the leader.

/** A credential and the fingerprint of the valid value that is held of it, if there is one. */
export interface Held {
  readonly ref: CredentialRef;
  readonly fingerprint?: string;
}

/** How many credentials may be asked about at once. */
export const HELD_AT_ONCE = 500;

/** What asking for changes comes to. */
export type ChangesReply =
  | { readonly type: "changed"; readonly refs: readonly CredentialRef[] }
  | { readonly type: "failure"; readonly failure: Failure };

/** What passing a report on comes to. `superseded`: the leader has another value. `denied`: the key may not report. */
export type PassedReport = "accepted" | "superseded" | "denied" | "failed";

/** Reads a credential. */
export function credentialCall(account: Account, ref: CredentialRef): WechatRequest {
  return { method: "GET", path: pathOf(ref), query: {}, ...leaderOf(account) };
}

/** Asks which of the values that are held are out of date. */
export function changesCall(leader: Leader, held: readonly Held[]): WechatRequest {
  const credentials = held.map(({ ref, fingerprint }) => ({ ...ref, fingerprint }));
  return { method: "POST", path: "/v1/follow", query: {}, body: { credentials }, leader };
}

/** Says that WeChat refused the value of this fingerprint. */
export function reportCall(account: Account, ref: CredentialRef, fp: string): WechatRequest {
  return { method: "POST", path: `${pathOf(ref)}/report`, query: {}, body: { fingerprint: fp }, ...leaderOf(account) };
}

export function readCredential(reply: WireReply): FetchReply {
  if (reply.type === "failure") return { type: "failure", failure: failureIn(reply) };
  const { value, expiresInSeconds } = reply.body;
  return fetchedValue(value, expiresInSeconds) ?? { type: "failure", failure: wordFailure("leader_away") };
}

const changesAnswer = z.object({
  changed: z.array(z.object({ account: z.string(), kind: z.enum(CREDENTIAL_KINDS) })),
});

export function readChanges(reply: WireReply): ChangesReply {
  if (reply.type === "failure") return { type: "failure", failure: failureIn(reply) };
  const answer = changesAnswer.safeParse(reply.body).data;
  return answer ? { type: "changed", refs: answer.changed } : { type: "failure", failure: wordFailure("leader_away") };
}

export function readReport(reply: WireReply): PassedReport {
  const status = reply.type === "failure" ? reply.refused?.status : undefined;
  if (status === 202) return "accepted";
  if (status === 409) return "superseded";
  return status === 403 ? "denied" : "failed";
}

const WORDS: Readonly<Record<number, WordCode>> = {
  401: "leader_key",
  403: "leader_key",
  404: "leader_scope",
  429: "leader_busy",
  503: "leader_unavailable",
};

function failureIn({ refused }: Extract<WireReply, { type: "failure" }>): Failure {
  const failure = wordFailure(WORDS[refused?.status ?? 0] ?? "leader_away");
  return refused?.retryAfter === undefined ? failure : { ...failure, retryAfter: refused.retryAfter };
}

function pathOf({ account, kind }: CredentialRef): string {
  return `/v1/accounts/${account}/credentials/${kind}`;
}

/** An account without a leader has nobody to ask; WeChat is not asked instead. */
function leaderOf({ leader = NOBODY }: Account): Required<Pick<WechatRequest, "leader">> {
  return { leader };
}

const NOBODY: Leader = { origin: "", key: secretOf("") };
