import type { Bilingual } from "@tokenkeeper/core";
import type { Incidents, Subject } from "./incident.ts";
import type { ReceiverType } from "./receiver.ts";
import type { Rule, Severity } from "./rules.ts";
import type { AlertSettings } from "./settings-file.ts";
import { explain, RULE_WORDS } from "./words.ts";

/** What the fleet's page shows of alerts. Never an address or a secret. */
export interface AlertsOverview {
  readonly receivers: readonly { readonly name: string; readonly type: ReceiverType }[];
  /** Open incidents, the newest first; instants are epoch ms by Redis time. */
  readonly incidents: readonly {
    readonly key: string;
    readonly rule: Rule;
    readonly severity: Severity;
    readonly title: Bilingual;
    readonly since: number;
    readonly subject?: Subject;
    readonly sentence: Bilingual;
    readonly remedy?: Bilingual;
  }[];
}

/** Pure. */
export function overviewOf({ receivers, rules }: AlertSettings, incidents: Incidents): AlertsOverview {
  const open = [...incidents].filter(([, { opened, ended }]) => opened && !ended);
  return {
    receivers: receivers.map(({ name, type }) => ({ name, type })),
    incidents: open
      .map(([key, { rule, subject, since, facts }]) => ({
        key,
        rule,
        severity: rules[rule].severity,
        title: RULE_WORDS[rule],
        since,
        ...(subject && { subject }),
        ...explain(rule, facts, subject),
      }))
      .toSorted((one, other) => other.since - one.since),
  };
}
