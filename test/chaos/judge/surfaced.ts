import type { ReaderLine } from "../reader-log.ts";
import type { Evidence, Finding, Violation } from "./evidence.ts";

/** I1: no app of a healthy account ends with a refused token or without one. I7: none sends an expired one. */
export function judgeSurfaced({ calls, credentials, wechat }: Evidence): Finding {
  const healthy = new Map(
    credentials
      .filter(({ account }) => account.healthy)
      .flatMap(({ account }) => [
        [account.name, account.appId],
        [account.appId, account.appId],
      ]),
  );
  const ofHealthy = calls.filter(({ account }) => healthy.has(account));
  const surfaced = ofHealthy.filter(({ outcome }) => outcome === "refused" || outcome === "unavailable");
  const violations = surfaced.map((call): Violation => ({
    invariant: "I1",
    at: call.at,
    credential: `${healthy.get(call.account)}:access_token`,
    text: `a business call as "${call.account}" ended ${call.outcome} (${call.detail}) after ${call.ms} ms, tries ${describeTries(call)}`,
  }));
  const expired = wechat.filter(
    ({ call, verdict, appId }) => call === "user/info" && verdict === "expired" && healthy.has(appId ?? ""),
  );
  return {
    violations: [
      ...violations,
      ...expired.map(({ at, appId, fp }): Violation => ({
        invariant: "I7",
        at,
        credential: `${appId}:access_token`,
        text: `an app sent the expired token ${fp}`,
      })),
    ],
    figures: {
      calls: ofHealthy.length,
      surfaced: surfaced.length,
      rejectedFirst: ofHealthy.filter(isRejectedFirst).length,
      broken: ofHealthy.filter(({ outcome }) => outcome === "failed").length,
      slowestCallMs: Math.max(0, ...ofHealthy.map(({ ms }) => ms)),
    },
  };
}

/** Whether WeChat refused the first token of a call. */
export function isRejectedFirst({ tries }: ReaderLine): boolean {
  return tries[0] !== undefined && tries[0].errcode !== 0;
}

function describeTries({ tries }: ReaderLine): string {
  return tries.map(({ fp, errcode }) => `${fp}→${errcode}`).join(", ") || "none";
}
