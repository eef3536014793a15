import { isDeepStrictEqual } from "node:util";
import type { Condition } from "./conditions.ts";
import type { Incident, Incidents } from "./incident.ts";
import type { Rule, RuleSettings } from "./rules.ts";

/** What a transition is computed from. Instants are epoch ms by Redis time, durations ms. */
export interface TransitionInput {
  readonly incidents: Incidents;
  readonly conditions: ReadonlyMap<string, Condition>;
  readonly now: number;
  /** Tells this round from all others: what opens or ends in it by one rule is one message, save the risks of Redis. */
  readonly round: string;
  readonly rules: Readonly<Record<Rule, RuleSettings>>;
  /** So long it must be away before it has ended. */
  readonly awayMs: number;
  /** Ids of the accounts that are configured. */
  readonly accounts: ReadonlySet<string>;
}

/**
 * The incidents after a round. Pure. What did not change is the same object, so that only the rest is written.
 * An incident opens when its condition held for the rule's `for`, and ends when it was away for `awayMs`.
 */
export function transition(input: TransitionInput): Incidents {
  const { incidents, conditions } = input;
  const keys = new Set([...incidents.keys(), ...conditions.keys()]);
  const next = [...keys].flatMap((key): (readonly [string, Incident])[] => {
    const incident = nextOf(incidents.get(key), conditions.get(key), input);
    return incident ? [[key, incident]] : [];
  });
  return new Map(next);
}

function nextOf(
  known: Incident | undefined,
  condition: Condition | undefined,
  input: TransitionInput,
): Incident | undefined {
  if (known?.ended) return known;
  const holds = condition !== undefined && !input.rules[condition.rule].off;
  if (known?.opened) return holds ? goingOn(known, condition) : away(known, input);
  // What does not hold without a gap never was an incident.
  if (!holds || condition.explained) return undefined;
  return begun(known, condition, input);
}

function begun(known: Incident | undefined, condition: Condition, { now, round, rules }: TransitionInput): Incident {
  const { rule, subject, facts } = condition;
  const since = condition.since ?? known?.since ?? now;
  if (now - since >= rules[rule].for) {
    const opened = { at: now, batch: batchOf("opened", condition, round) };
    return { rule, ...(subject && { subject }), since, facts, opened };
  }
  return known ?? { rule, ...(subject && { subject }), since, facts };
}

/** It is not away any more, and pages say what is true now: the address that WeChat sees may be another one. */
function goingOn(known: Incident, { facts }: Condition): Incident {
  const isSame = isDeepStrictEqual(known.facts, facts);
  if (known.awayAt === undefined && isSame) return known;
  const { awayAt: _away, ...rest } = known;
  return { ...rest, facts: isSame ? known.facts : facts };
}

/** Each risk of Redis is a message of its own: they have different remedies. */
function batchOf(change: Announcement["transition"], of: Pick<Incident, "rule" | "facts">, round: string): string {
  return [of.rule, change, round, ...(of.facts.risks ?? [])].join("-");
}

function away(known: Incident, { now, round, awayMs, accounts }: TransitionInput): Incident {
  const gone = known.subject !== undefined && !accounts.has(known.subject.account);
  const awayAt = known.awayAt ?? now;
  if (!gone && now - awayAt < awayMs) return known.awayAt === undefined ? { ...known, awayAt } : known;
  const batch = batchOf("recovered", known, round);
  return { ...known, awayAt, ended: { at: awayAt, batch, ...(gone && { gone: true as const }) } };
}

/** Something that people on call are to hear, once: what one rule opened, or ended, in one round; of Redis one risk. */
export interface Announcement {
  /** The same in every process and every round until it is told. */
  readonly batch: string;
  readonly rule: Rule;
  readonly transition: "opened" | "recovered";
  readonly incidents: readonly (readonly [string, Incident])[];
}

/** What was not told yet. */
export function announcementsOf(incidents: Incidents): Announcement[] {
  const found = new Map<string, Announcement & { incidents: [string, Incident][] }>();
  const add = (batch: string, change: Announcement["transition"], entry: [string, Incident]): void => {
    const known = found.get(batch) ?? { batch, rule: entry[1].rule, transition: change, incidents: [] };
    known.incidents.push(entry);
    found.set(batch, known);
  };
  for (const [key, incident] of incidents) {
    if (incident.opened && !incident.opened.told) add(incident.opened.batch, "opened", [key, incident]);
    if (incident.ended && !incident.ended.told) add(incident.ended.batch, "recovered", [key, incident]);
  }
  return [...found.values()];
}

/** The incidents once all that was to be told is on its way: what has ended is forgotten. */
export function told(incidents: Incidents): Incidents {
  const kept = [...incidents].filter(([, { ended }]) => !ended);
  return new Map(
    kept.map(([key, incident]) => {
      const { opened } = incident;
      return [key, opened && !opened.told ? { ...incident, opened: { ...opened, told: true as const } } : incident];
    }),
  );
}
