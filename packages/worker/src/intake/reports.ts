import { REFUSED_TOKEN_CODES, type Clock, type CredentialRef } from "@tokenkeeper/shared/contract";
import { UNNAMED_REPORTER, type Durations, type Log, type ReportResult, type TriggerReason } from "@tokenkeeper/core";
import type { Credential, Credentials } from "../credentials.ts";
import type { PassReport } from "../follow/pass-report.ts";
import type { WechatRequest } from "../families/family.ts";
import type { CredentialStore } from "../store/credential-store.ts";
import type { NoteReporter } from "../store/reporter-store.ts";
import type { WechatHttp } from "../wechat/http.ts";
import { errcodeIn } from "../wechat/reply.ts";
import { createConfirm } from "./confirm.ts";
import type { AppMessage } from "./stream.ts";

/** Results that leave open whether the value is dead. What came of a report at the leader, a follower sees in its values. */
const UNDECIDED: ReadonlySet<ReportResult> = new Set(["inconclusive", "absent", "passed_on"]);

/** What a message came to. */
export type MessageResult = "demand" | "not_configured" | ReportResult;

/** What handling works with. */
export interface ReportsDeps {
  readonly credentials: Credentials;
  readonly store: CredentialStore;
  readonly http: WechatHttp;
  readonly trigger: (credential: Credential, reason: TriggerReason) => Promise<void>;
  /** A message about a credential that this worker is not configured for; another worker may be. */
  readonly passOn: (ref: CredentialRef) => Promise<void>;
  /** Where a leader keeps the credential, it judges the report. */
  readonly passReport: PassReport;
  readonly noteReporter: NoteReporter;
  readonly clock: Clock;
  readonly durations: Durations;
  readonly log: Log;
}

/**
 * Handles what apps tell. A demand triggers a look. A report counts when it is about the stored value and WeChat itself
 * refuses that value too: nobody can make us throw away a good value by claiming that it is bad. A report when no value is
 * stored is a demand.
 */
export function createReports(deps: ReportsDeps): (message: AppMessage) => Promise<MessageResult> {
  const { credentials, store, http, trigger, passOn, passReport, noteReporter, clock, durations, log } = deps;
  const confirm = createConfirm(deps);

  async function isRefused(
    ref: CredentialRef,
    value: string,
    probe: (token: string) => WechatRequest,
  ): Promise<"refused" | "accepted" | "unclear"> {
    // A ticket cannot be probed; the spacing alone bounds what reports about it can cause.
    if (ref.kind !== "access_token") return "refused";
    const reply = await http.send(probe(value));
    if (reply.type === "failure") return "unclear";
    const errcode = errcodeIn(reply.body);
    if (REFUSED_TOKEN_CODES.includes(errcode)) return "refused";
    return errcode === 0 ? "accepted" : "unclear";
  }

  async function handleReport(credential: Credential, fp: string): Promise<ReportResult> {
    const { ref, family } = credential;
    const stored = await store.readValue(ref);
    if (!stored) {
      await trigger(credential, "missing");
      return "absent";
    }
    if (stored.fingerprint !== fp) return "stale";
    if (!family.probe) return passReport(credential, fp);
    const verdict = await isRefused(ref, stored.value, family.probe);
    if (verdict === "accepted") return "accepted_by_wechat";
    if (verdict === "unclear") return "inconclusive";
    return confirm(credential, fp);
  }

  /** Many apps report the same value: one probe answers them all for a while. */
  const recent = new Map<string, { readonly result: Promise<ReportResult>; readonly until: number }>();

  function handleOnce(credential: Credential, fp: string): Promise<ReportResult> {
    const now = clock.monotonic();
    for (const [key, { until }] of recent) if (until <= now) recent.delete(key);
    const key = `${credential.id}:${fp}`;
    const known = recent.get(key);
    if (known) return known.result;
    const result = handleReport(credential, fp);
    recent.set(key, { result, until: now + durations.reportSpacing });
    // What could not be decided is decided anew by the next report.
    result.then(
      (reply) => UNDECIDED.has(reply) && recent.delete(key),
      () => recent.delete(key),
    );
    return result;
  }

  return async (message) => {
    const ref: CredentialRef = { account: message.account, kind: message.kind };
    const credential = credentials.find(ref);
    if (!credential) {
      await passOn(ref);
      return "not_configured";
    }
    if (message.fp === undefined) {
      await trigger(credential, "missing");
      return "demand";
    }
    const result = await handleOnce(credential, message.fp);
    // The report is handled; that nobody can see who made it is no reason to handle it again.
    await noteReporter(ref, message.app ?? UNNAMED_REPORTER, result).catch((err: unknown) =>
      log.warn({ err }, "report.reporter_not_noted"),
    );
    log.info({ credential: credential.id, account: credential.account.name, fp: message.fp, result }, "report.handled");
    return result;
  };
}
