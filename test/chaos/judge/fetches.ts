import type { LogEvent } from "@tokenkeeper/simulator";
import type { Evidence, Finding, Violation, WorkerLine } from "./evidence.ts";

/** The longest time from a request's arrival at WeChat to the log line of its attempt: HTTP deadline, lease and a pause, ms. */
const LONGEST_ATTEMPT_MS = 15_000;
/** Clocks and pipes of one machine: a line may seem to come before what it tells of, ms. */
const SLACK_MS = 150;
/** A request that was given up may still be on its way, ms. */
const LATE_ARRIVAL_MS = 5_000;

interface Attempt {
  readonly line: WorkerLine;
  readonly credential: string;
  readonly end: "refreshed" | "fenced" | "failed";
  readonly reason: string;
  readonly failure: string;
  readonly fp?: string;
}

/** I2: one fetch at a time. I3: no more fetches than there were causes, and each is in a worker's log. */
export function judgeFetches(evidence: Evidence): Finding {
  const fetches = evidence.wechat.filter((event) => !event.foreign && credentialOf(event) !== undefined);
  const attempts = evidence.workers.flatMap(attemptOf);
  const { left, phantoms } = matchUp(fetches, attempts);
  // A fetch whose worker was killed before it could write anything down.
  const isOrphan = ({ at }: LogEvent): boolean =>
    evidence.kills.some((kill) => kill >= at - SLACK_MS && kill <= at + LONGEST_ATTEMPT_MS);
  const orphans = left.filter(isOrphan);
  // What had only just begun at the end is in nobody's log yet.
  const unexplained = left.filter((event) => !isOrphan(event) && event.at <= evidence.to);
  const overlapping = fetches.filter(({ inFlight }) => inFlight > 1);
  const undeclared = overlapping.filter(({ at }) => !isDeclared(evidence, at));
  const bound = boundOf(evidence, attempts, orphans.length);
  const violations: Violation[] = [
    ...undeclared.map((event) => violationAt("I2", event, `fetch number ${event.inFlight} at the same time`)),
    ...unexplained.map((event) => violationAt("I3", event, `no worker's log tells of the fetch ${event.seq}`)),
    ...phantoms.map(({ line, credential }): Violation => ({
      invariant: "I3",
      at: line.at,
      credential,
      text: `${line.worker} tells of a fetch that WeChat has not seen: ${line.msg.slice(0, 40)}`,
    })),
  ];
  if (fetches.length > bound) {
    violations.push({ invariant: "I3", at: evidence.to, text: `${fetches.length} fetches, bound ${bound}` });
  }
  return {
    violations,
    figures: {
      fetches: fetches.length,
      bound,
      orphans: orphans.length,
      maxLive: Math.max(1, ...undeclared.map(({ inFlight }) => inFlight)),
      declaredOverlaps: overlapping.length - undeclared.length,
      settled: attempts.filter(({ end, reason }) => end === "refreshed" && reason === "settle_due").length,
      fenced: attempts.filter(({ end }) => end === "fenced").length,
      ...scheduledOf(evidence, attempts),
    },
  };
}

/** The credential that a call fetches. */
export function credentialOf({ appId, call }: LogEvent): string | undefined {
  if (call === "token" || call === "stable_token") return `${appId}:access_token`;
  if (call === "getticket:jsapi") return `${appId}:jsapi_ticket`;
  return call === "getticket:wx_card" ? `${appId}:wx_card_ticket` : undefined;
}

function attemptOf(line: WorkerLine): Attempt[] {
  const { credential, reason = "", code = "", class: kind = "", fp } = line.fields as Record<string, string>;
  if (credential === undefined) return [];
  const common = { line, credential, reason, ...(fp !== undefined && { fp }) };
  if (line.msg === "credential.refreshed") return [{ ...common, end: "refreshed", failure: "" }];
  if (line.msg === "refresh.fenced") return [{ ...common, end: "fenced", failure: "" }];
  if (!line.msg.startsWith("refresh.failed ")) return [];
  return [{ ...common, end: "failed", failure: code === "unreachable" ? code : kind }];
}

/** Each fetch belongs to one attempt: the nearest that ended after it arrived, with the same value if there is one. */
function matchUp(
  fetches: readonly LogEvent[],
  attempts: readonly Attempt[],
): { left: LogEvent[]; phantoms: Attempt[] } {
  const open = new Set(fetches);
  const phantoms: Attempt[] = [];
  // Those whose value is known first: the others take what is left.
  const known = attempts.filter(({ fp }) => fp !== undefined);
  for (const attempt of [...known, ...attempts.filter(({ fp }) => fp === undefined)]) {
    const candidates = [...open].filter(
      (event) =>
        credentialOf(event) === attempt.credential &&
        event.at <= attempt.line.at + (attempt.failure === "unknown_outcome" ? LATE_ARRIVAL_MS : SLACK_MS) &&
        event.at >= attempt.line.at - LONGEST_ATTEMPT_MS &&
        (attempt.fp === undefined || event.fp === attempt.fp),
    );
    const match = candidates.findLast(({ at }) => at <= attempt.line.at) ?? candidates[0];
    if (match) open.delete(match);
    // A request that was never sent, or was lost on the way, is an attempt without a fetch.
    else if (attempt.end !== "failed") phantoms.push(attempt);
  }
  return { left: [...open], phantoms };
}

/** Whether two fetches at a time are accounted for: a paused worker's request lives on, and a lease that Redis lost holds nobody. */
function isDeclared({ faults }: Evidence, at: number): boolean {
  return faults.some(
    ({ pauses, losesWrites, from, to }) => (pauses || losesWrites) && at >= from && at <= to + LONGEST_ATTEMPT_MS / 3,
  );
}

/** F ≤ S + U + T + R + M, and what Redis lost must be fetched again. */
function boundOf(evidence: Evidence, attempts: readonly Attempt[], orphans: number): number {
  const { credentials, faults, forced, workers, from, to } = evidence;
  const scheduled = credentials.reduce((sum, { lifeMs }) => sum + 1 + Math.floor((to - from) / (0.4 * lifeMs)), 0);
  const failed = attempts.filter(({ end }) => end === "failed");
  const unknown = failed.filter(({ failure }) => ["unknown_outcome", "malformed", "storage"].includes(failure)).length;
  const uncertain = unknown + orphans + attempts.filter(({ end }) => end === "fenced").length;
  const confirmed = workers.filter(
    ({ msg, fields }) => msg === "report.handled" && ["confirmed", "foreign"].includes(String(fields["result"])),
  ).length;
  const wipes = faults.filter(({ losesWrites }) => losesWrites).length;
  return scheduled + failed.length + 2 * uncertain + confirmed + forced.length + wipes * credentials.length;
}

/** Refreshes that came by the plan alone, by kind and mode. */
function scheduledOf({ credentials, forced }: Evidence, attempts: readonly Attempt[]): Record<string, number> {
  const counts: Record<string, number> = { dueClassic: 0, dueStable: 0, dueJsapi: 0, dueCard: 0 };
  for (const { credential, reason, end, line } of attempts) {
    if (end !== "refreshed" || reason !== "due") continue;
    if (forced.some((one) => one.credential === credential && one.at <= line.at && one.at > line.at - 15_000)) continue;
    const found = credentials.find(({ id }) => id === credential);
    if (!found?.account.healthy) continue;
    const mode = found.account.token === "classic" ? "dueClassic" : "dueStable";
    const name = { access_token: mode, jsapi_ticket: "dueJsapi", wx_card_ticket: "dueCard" }[found.kind];
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function violationAt(invariant: string, event: LogEvent, text: string): Violation {
  const credential = credentialOf(event);
  return { invariant, at: event.at, text, ...(credential !== undefined && { credential }) };
}
