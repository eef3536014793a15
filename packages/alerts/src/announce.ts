import { HISTORY } from "@tokenkeeper/core";
import type { Round, Watcher } from "@tokenkeeper/ops";
import type { Queue } from "bullmq";
import { alertJobId, alertJobName, entryOf, SHOWN, type AlertJob } from "./alert-job.ts";
import { conditionsOf } from "./conditions.ts";
import { ALERT_BACKOFF } from "./delivery.ts";
import type { IncidentStore } from "./incident-store.ts";
import { quietFor } from "./quiet-hours.ts";
import { wants } from "./receiver.ts";
import { RULE_NAMES, scaledThresholds, type Rule, type RuleSettings } from "./rules.ts";
import type { AlertSettings } from "./settings-file.ts";
import { announcementsOf, told, transition, type Announcement } from "./transition.ts";

/** What incidents are found and told with. */
export interface AnnounceDeps {
  readonly store: IncidentStore;
  /** The queue `alerts`. */
  readonly queue: Pick<Queue, "addBulk">;
  readonly settings: () => AlertSettings;
  /** ms; see `Durations`. */
  readonly awayMs: number;
  /** Divides the durations of the settings. */
  readonly timeScale: number;
}

/** With the longest waits in between this is about five hours. */
const ATTEMPTS = 40;
/** BullMQ runs what has no priority first. */
const CAN_WAIT = 10;

/**
 * Turns what each round saw into incidents and these into jobs, one for each receiver. Two processes may do so at the same time
 * and either may die at any point: incidents are changed by one at a time, a job's id says what it tells, and what is not on its
 * way is enqueued again in the next round.
 */
export function createAnnounce({ store, queue, settings, awayMs, timeScale }: AnnounceDeps): Watcher {
  return async (round: Round) => {
    const { rules, thresholds } = settings();
    const { now } = round;
    const before = await store.read();
    const after = transition({
      incidents: before.incidents,
      conditions: conditionsOf(round, scaledThresholds(thresholds, timeScale)),
      now,
      round: `${now}-${Number(before.revision) || 0}`,
      rules: scaledRules(rules, timeScale),
      awayMs,
      accounts: new Set(round.facts.map(({ entry }) => entry.id)),
    });
    const written = await store.write(before, after);
    if (!written) return;
    const announcements = announcementsOf(written.incidents);
    if (announcements.length === 0) return;
    await queue.addBulk(announcements.flatMap((each) => jobsOf(each, settings(), now)));
    await store.write(written, told(written.incidents));
  };
}

interface NewJob {
  readonly name: string;
  readonly data: AlertJob;
  readonly opts: object;
}

/** A message for each receiver that wants it. */
function jobsOf(announcement: Announcement, { receivers, quietHours, rules }: AlertSettings, now: number): NewJob[] {
  const { batch, rule, transition: change, incidents } = announcement;
  const { severity } = rules[rule];
  const waits = severity === "ticket" && quietHours ? quietFor(quietHours, now) : 0;
  return receivers.flatMap((receiver) => {
    const wanted = incidents.filter(([, { subject }]) => wants(receiver, { severity, rule, subject }));
    if (wanted.length === 0) return [];
    const data: AlertJob = {
      receiver: receiver.name,
      rule,
      severity,
      transition: change,
      batch,
      at: now,
      count: wanted.length,
      incidents: wanted.slice(0, SHOWN).map(([key, incident]) => entryOf(key, incident, change === "recovered")),
    };
    const opts = {
      ...HISTORY,
      jobId: alertJobId(batch, receiver.name),
      attempts: ATTEMPTS,
      backoff: { type: ALERT_BACKOFF },
      stackTraceLimit: 0,
      ...(waits > 0 && { delay: waits }),
      ...(severity === "ticket" && { priority: CAN_WAIT }),
    };
    return [{ name: alertJobName(data), data, opts }];
  });
}

function scaledRules(rules: AlertSettings["rules"], scale: number): Readonly<Record<Rule, RuleSettings>> {
  const entries = RULE_NAMES.map((rule) => [rule, { ...rules[rule], for: rules[rule].for / scale }] as const);
  return Object.fromEntries(entries) as Record<Rule, RuleSettings>;
}
