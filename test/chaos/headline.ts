import type { Evidence } from "./judge/evidence.ts";
import type { Judgement } from "./judge/judge.ts";
import { SCALE } from "./population.ts";

const GROUPS: readonly (readonly [RegExp, string])[] = [
  [/kill -9|SIGTERM/, "worker ends"],
  [/SIGSTOP/, "pauses"],
  [/redis|FLUSH|connections|sliced|commit reply/i, "Redis faults"],
  [/queue|hashes of jobs/, "queue faults"],
  [/configuration|secret changed/, "configuration changes"],
  [/WeChat|storm|foreign|accounts?/, "WeChat faults"],
];

/** The one line that says what a run came to. */
export function headlineOf({ evidence, judgement }: { evidence: Evidence; judgement: Judgement }): string {
  const { seed, from, to, faults, skipped } = evidence;
  const { figures, verdict } = judgement;
  const { calls = 0, rejectedFirst = 0, slowestRecoveryMs = 0 } = figures;
  const counts = new Map<string, number>();
  for (const { kind, took } of faults) {
    const group = kind.startsWith("redis") ? "Redis faults" : GROUPS.find(([pattern]) => pattern.test(kind))?.[1];
    if (took && group !== undefined) counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  const stale = judgement.violations.filter(({ invariant }) => invariant === "I4").length;
  return [
    `${verdict.toUpperCase()}: ${Math.round((to - from) / 1_000)} s, ${SCALE}× compressed, seed ${seed}: ${[...counts].map(([group, count]) => `${count} ${group}`).join(", ")}`,
    `${calls} business calls`,
    `surfaced token errors ${figures["surfaced"]}`,
    `rejected first try ${((rejectedFirst / Math.max(1, calls)) * 10_000).toFixed(1)}/10k`,
    `fetches ${figures["fetches"]} (bound ${figures["bound"]})`,
    `max live fetches per credential ${figures["maxLive"]}`,
    `newer to older left ${stale}`,
    `lost schedules ${figures["lostSchedules"]}`,
    `slowest recovery ${(slowestRecoveryMs / 1_000).toFixed(1)} s`,
    `secrets found ${figures["secrets"]}`,
    ...(skipped.length > 0 ? [`skipped on this machine: ${skipped.join(", ")}`] : []),
  ].join("; ");
}
