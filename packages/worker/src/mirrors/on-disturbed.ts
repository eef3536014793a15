import type { Credential } from "../credentials.ts";
import type { MirrorsDeps } from "./mirrors.ts";

/** What becomes of a disturbed mirror. */
export interface OnDisturbedDeps {
  /** Says that WeChat may have refused the value of this fingerprint; it is asked before that counts. */
  readonly report: (credential: Credential, fingerprint: string) => Promise<void>;
  /** The same where there is nothing to ask. */
  readonly confirm: (credential: Credential, fingerprint: string) => Promise<unknown>;
}

/**
 * An SDK removes or replaces a token when WeChat has refused it, so that is a report. Where another fetch retires a token, the one that
 * an SDK has fetched gives ours 5 more minutes, in which WeChat still accepts it: it is refreshed without asking. Tickets cannot be
 * asked about, and nobody's fetch retires them.
 */
export function createOnDisturbed({ report, confirm }: OnDisturbedDeps): MirrorsDeps["onDisturbed"] {
  return async (credential, { fingerprint, what }) => {
    if (credential.ref.kind !== "access_token") return;
    const isRetired = what === "overwritten" && credential.recipe.rotation === "each_fetch";
    await (isRetired ? confirm(credential, fingerprint) : report(credential, fingerprint));
  };
}
