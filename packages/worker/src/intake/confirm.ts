import type { Durations, Log, TriggerReason } from "@tokenkeeper/core";
import type { Clock } from "@tokenkeeper/shared/contract";
import type { Credential } from "../credentials.ts";
import type { CredentialStore, ReportReply } from "../store/credential-store.ts";

/** Writes down that the value of this fingerprint is dead or about to die, and triggers a refresh when that counts. */
export type ConfirmReport = (credential: Credential, fingerprint: string) => Promise<ReportReply>;

/** What confirming works with. */
export interface ConfirmDeps {
  readonly store: CredentialStore;
  readonly trigger: (credential: Credential, reason: TriggerReason) => Promise<void>;
  readonly clock: Clock;
  readonly durations: Durations;
  readonly log: Log;
}

/** Reports of one credential that may cause a refresh a day: a foreign refresh every 10 minutes makes 144. */
const REPORTS_A_DAY = 150;
const FOREIGN =
  "另一个系统正在获取该账号的 access_token，请停用它，或改用稳定版。 Another system is fetching this account's token; stop it, or use the stable token.";

/** The script spaces them, caps them by the day, and tells a death by a foreign fetch from others. */
export function createConfirm({ store, trigger, clock, durations, log }: ConfirmDeps): ConfirmReport {
  return async (credential, fp) => {
    const reply = await store.report({
      credential: credential.ref,
      fingerprint: fp,
      now: clock.now(),
      spacingMs: durations.reportSpacing,
      suspectSpacingMs: durations.suspectSpacing,
      cap: REPORTS_A_DAY,
      // Only a classic token dies by a foreign fetch: the other kinds are given to everybody alike.
      foreignAfterMs: credential.recipe.rotation === "each_fetch" ? durations.foreignAfter : -1,
    });
    if (reply === "confirmed" || reply === "foreign") await trigger(credential, "reported");
    if (reply === "foreign") {
      const { id, account } = credential;
      log.error({ credential: id, account: account.name }, `credential.foreign_refresh ${FOREIGN}`);
    }
    return reply;
  };
}
