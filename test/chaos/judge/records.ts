import { healthyIds, allAccepted, type CredentialSample } from "../sampler.ts";
import { quietTime } from "./quiet-time.ts";
import type { Evidence, Finding, Violation } from "./evidence.ts";

/** A version that Redis lost must be back or overtaken within this quiet time, ms. */
const REPAIR_MS = 10_000;
/** After what loses writes every record must be there again within this quiet time, ms. */
const REFILL_MS = 10_000;

/** I4: nothing newer stays replaced by something older. I5: a healthy credential always has a value. */
export function judgeRecords(evidence: Evidence): Finding {
  const { samples, faults, credentials, from, to } = evidence;
  const [healthy, judged] = [healthyIds(credentials), judgedIds(evidence)];
  const violations: Violation[] = [];
  let regressions = 0;
  let longestGapMs = 0;

  function judgeOne(id: string): void {
    let newest = 0;
    let newestFp: string | undefined;
    let olderSince: number | undefined;
    let gapSince: number | undefined;
    for (const { at, credentials: all } of samples) {
      const sample = all.find(({ credential }) => credential === id);
      const { version } = sample ?? {};
      // The same value under an older version is nothing older.
      if (version !== undefined && version < newest && sample?.fp !== newestFp) {
        if (olderSince === undefined) regressions += 1;
        olderSince ??= at;
      } else if (version !== undefined) {
        if (olderSince !== undefined && quietTime(faults, olderSince, at) > REPAIR_MS) report("I4", id, olderSince);
        olderSince = undefined;
        if (version >= newest) [newest, newestFp] = [version, sample?.fp];
      }
      if (at < from || !healthy.has(id)) continue;
      if (isThere(sample)) gapSince = undefined;
      else {
        gapSince ??= at;
        longestGapMs = Math.max(longestGapMs, at - gapSince);
        if (!isWiped(at)) report("I5", id, at);
      }
    }
    if (olderSince !== undefined) report("I4", id, olderSince);
  }

  function report(invariant: "I4" | "I5", credential: string, at: number): void {
    const text = invariant === "I4" ? "an older version stayed in the place of a newer one" : "there is no value";
    if (violations.some((one) => one.invariant === invariant && one.credential === credential)) return;
    violations.push({ invariant, credential, at, text });
  }

  function isWiped(at: number): boolean {
    return faults.some(({ losesWrites, from: began, to: ended }) => {
      return losesWrites && at >= began && quietTime(faults, ended, at) <= REFILL_MS;
    });
  }

  for (const { id } of credentials) judgeOne(id);
  for (const { credential, accepted } of samples.at(-1)?.credentials ?? []) {
    if (accepted || !judged.has(credential)) continue;
    violations.push({
      invariant: "I4",
      credential,
      at: to,
      text: "WeChat refuses the value that is stored at the end",
    });
  }
  return { violations, figures: { regressions, longestGapMs, ...recoveryOf(evidence, violations) } };
}

function isThere(sample: CredentialSample | undefined): boolean {
  return sample?.version !== undefined && sample.remainingMs > 0;
}

/** No fault may be felt longer than this quiet time after its end, ms. */
const RECOVERY_MS = 10_000;

/** I6: how long after each fault's end every healthy credential had a value that WeChat accepts. */
function recoveryOf(evidence: Evidence, violations: Violation[]): Record<string, number> {
  const judged = judgedIds(evidence);
  let slowest = 0;
  for (const { kind, to: ended, standing } of evidence.faults) {
    if (standing) continue;
    const recovered = evidence.samples.find((sample) => sample.at >= ended && allAccepted(sample, judged));
    const recoveredAt = recovered?.at ?? evidence.to;
    slowest = Math.max(slowest, recoveredAt - ended);
    if (quietTime(evidence.faults, ended, recoveredAt) <= RECOVERY_MS) continue;
    const text = `${recoveredAt - ended} ms after "${kind}" something was still refused`;
    violations.push({ invariant: "I6", at: ended, text });
  }
  return { slowestRecoveryMs: slowest };
}

/**
 * The healthy credentials whose acceptance is judged. WeChat names a full life for an old ticket as well, so that nobody
 * knows a ticket's age once Redis has forgotten everything.
 */
function judgedIds({ credentials, faults }: Evidence): ReadonlySet<string> {
  const forgotten = faults.some(({ wipes }) => wipes);
  return healthyIds(credentials.filter(({ kind }) => kind === "access_token" || !forgotten));
}
