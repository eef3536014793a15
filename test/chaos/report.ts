import type { Evidence } from "./judge/evidence.ts";
import type { Judgement } from "./judge/judge.ts";
import { timelineOf } from "./timeline.ts";

/** Of so many kinds of violation the first is told with what went on around it. */
const MOST_TOLD = 5;
const MOST_LISTED = 40;

/** What a run did and, of what must not be, when it was and what went on around it. */
export function reportOf({ evidence, judgement }: { evidence: Evidence; judgement: Judgement }): string {
  const since = (at: number): string => `${((at - evidence.from) / 1_000).toFixed(1).padStart(6)} s`;
  const faults = evidence.faults.map(
    ({ kind, from, to, took, detail }) =>
      `${since(from)} to ${since(to)}  ${took ? "    " : "NOT "} ${kind}: ${detail}`,
  );
  const { violations, figures } = judgement;
  const first = violations.filter(
    ({ invariant, text }, index) =>
      violations.findIndex((one) => one.invariant === invariant && kindOf(one.text) === kindOf(text)) === index,
  );
  const told = first.slice(0, MOST_TOLD).flatMap((violation) => {
    const { invariant, at, credential, text } = violation;
    return [
      "",
      `${invariant} VIOLATED, seed ${evidence.seed}, at ${since(at).trim()}, ${credential ?? "no credential"}: ${text}`,
      ...timelineOf(evidence, violation),
    ];
  });
  const rest = violations
    .filter((violation) => !first.slice(0, MOST_TOLD).includes(violation))
    .slice(0, MOST_LISTED)
    .map(({ invariant, at, credential, text }) => {
      return `${invariant} VIOLATED at ${since(at).trim()}, ${credential ?? "no credential"}: ${text}`;
    });
  const measured = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  return [...faults, "", measured.join(", "), ...told, ...rest, ""].join("\n");
}

/** A text without what differs from case to case. */
function kindOf(text: string): string {
  return text.replaceAll(/"[^"]*"|[0-9a-f]{16}|\d+/g, "");
}
