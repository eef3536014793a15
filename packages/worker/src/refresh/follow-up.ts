import type { TriggerReason } from "@tokenkeeper/core";
import type { Credential, Credentials } from "../credentials.ts";
import type { RefreshOutcome } from "../decide/outcome.ts";

/** Passes on what an outcome means for the credentials above and below. */
export type FollowUp = (credential: Credential, outcome: RefreshOutcome) => Promise<void>;

/** What follow-ups work with. */
export interface FollowUpDeps {
  readonly credentials: Credentials;
  /** Writes the committed value under the keys of SDKs, where some are configured. Never rejects. */
  readonly mirror: (credential: Credential) => Promise<void>;
  readonly trigger: (credential: Credential, reason: TriggerReason) => Promise<void>;
  /** A value of this fingerprint was refused by WeChat. */
  readonly report: (credential: Credential, fingerprint: string) => Promise<void>;
}

/** A commit is mirrored and triggers the children; a child that cannot go on triggers its parent, with a report when WeChat refused its value. */
export function createFollowUp({ credentials, mirror, trigger, report }: FollowUpDeps): FollowUp {
  return async (credential, outcome) => {
    if (outcome.type === "refreshed") await mirror(credential);
    if (outcome.type === "refreshed" && !outcome.unchanged) {
      for (const child of credentials.childrenOf(credential.ref)) await trigger(child, "parent");
    }
    if (outcome.type !== "waiting") return;
    const parent = credentials.find(outcome.parent);
    if (!parent) return;
    if (outcome.refused === undefined) await trigger(parent, "missing");
    else await report(parent, outcome.refused);
  };
}
