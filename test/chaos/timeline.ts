import type { Evidence, Violation } from "./judge/evidence.ts";

const AROUND_MS = 10_000;
/** What became of the account's values is told from so long before: WeChat's overlap of 30 s, compressed, and what led to it. */
const VALUES_BEFORE_MS = 45_000;
/** A timeline that nobody can read helps nobody. */
const MOST_LINES = 120;
/** Of the business calls that one value was refused for. */
const MOST_REFUSALS = 3;

/** What every log tells of a violation's credential in the 10 s before and after it, and of its values in the 45 s before, merged. */
export function timelineOf(evidence: Evidence, { at, credential = "" }: Violation): string[] {
  // One that is about no credential has only the faults beside it.
  const account = credential.split(":")[0] || "none";
  const entries: { at: number; text: string }[] = [];
  const refusals = new Map<string, number>();
  const add = (time: number, text: string, beforeMs = AROUND_MS): void => {
    if (time >= at - beforeMs && time <= at + AROUND_MS) entries.push({ at: time, text });
  };
  for (const { kind, from, to, took, detail, losesWrites, wipes } of evidence.faults) {
    const before = losesWrites || wipes ? VALUES_BEFORE_MS : AROUND_MS;
    add(from, `FAULT   begins: ${kind}`, before);
    add(to, `FAULT   over: ${kind} (${took ? detail : `no effect, ${detail}`})`, before);
  }
  for (const event of evidence.wechat) {
    if (event.appId !== account || (event.call === "user/info" && event.errcode === 0)) continue;
    const { call, verdict, errcode, fp, durationMs, fault, foreign } = event;
    const refused = call === "user/info" || call === "get_api_domain_ip";
    refusals.set(fp ?? "", (refusals.get(fp ?? "") ?? 0) + 1);
    if (refused && (refusals.get(fp ?? "") ?? 0) > MOST_REFUSALS) continue;
    const extra = [
      fault && `fault ${fault}`,
      foreign && "by somebody else",
      durationMs > 20 && `after ${durationMs} ms`,
    ];
    const told = `WECHAT  ${call} ${verdict} ${errcode} ${fp ?? ""} ${extra.filter(Boolean).join(", ")}`;
    add(event.at, told, refused ? AROUND_MS : VALUES_BEFORE_MS);
  }
  for (const { at: time, worker, msg, fields } of evidence.workers) {
    const about = fields["credential"];
    if (typeof about !== "string" || !about.startsWith(account)) continue;
    const { name: _name, pid: _pid, time: _time, ...told } = fields;
    add(time, `WORKER  ${worker} ${msg.slice(0, 60)} ${JSON.stringify(told)}`, VALUES_BEFORE_MS);
  }
  const names = evidence.credentials.filter(({ id }) => id.startsWith(account)).map((one) => one.account.name);
  for (const { at: time, account: asked, outcome, detail, tries, ms } of evidence.calls) {
    if ((asked !== account && !names.includes(asked)) || (outcome === "ok" && tries.length < 2)) continue;
    const made = tries.map(({ fp, errcode }) => `${fp}→${errcode}`).join(", ");
    add(time, `APP     ${outcome} ${detail ?? ""} after ${ms} ms: ${made}`);
  }
  let version: number | undefined;
  for (const sample of evidence.samples) {
    const found = sample.credentials.find((one) => one.credential === credential);
    const told = `REDIS   version ${found?.version ?? "none"} ${found?.fp ?? ""} accepted ${found?.accepted}`;
    if (found && found.version !== version) add(sample.at, told, VALUES_BEFORE_MS);
    version = found?.version;
  }
  return entries
    .toSorted((a, b) => a.at - b.at)
    .slice(0, MOST_LINES)
    .map((entry) => `${((entry.at - at) / 1_000).toFixed(3).padStart(8)} s  ${entry.text}`);
}
