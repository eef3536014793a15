import { HISTORY } from "@tokenkeeper/core";
import type { Round, Watcher } from "@tokenkeeper/ops";
import type { Queue } from "bullmq";
import { alertJobId, alertJobName, entryOf, SHOWN, type AlertJob } from "./alert-job.ts";
import { conditionsOf } from "./conditions.ts";
import { ALERT_BACKOFF } from "./delivery.ts";
import type { IncidentStore } from "./incident-store.ts";
import { quietLeft } from "./quiet-hours.ts";
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
export const ATTEMPTS = 40;
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

/** A job for each message. */
function jobsOf(announcement: Announcement, settings: AlertSettings, now: number): NewJob[] {
  return alertsOf(announcement, settings, now).map((data) => {
    const waits = quietLeft(data.severity, settings.quietHours, now);
    const opts = {
      ...HISTORY,
      jobId: alertJobId(data.batch, data.receiver),
      attempts: ATTEMPTS,
      backoff: { type: ALERT_BACKOFF },
      stackTraceLimit: 0,
      ...(waits > 0 && { delay: waits }),
      ...(data.severity === "ticket" && { priority: CAN_WAIT }),
    };
    return { name: alertJobName(data), data, opts };
  });
}

/** A message for each receiver that wants it. Pure. */
export function alertsOf(announcement: Announcement, { receivers, rules }: AlertSettings, now: number): AlertJob[] {
  const { batch, rule, transition: change, incidents } = announcement;
  const { severity } = rules[rule];
  return receivers.flatMap((receiver): AlertJob[] => {
    const wanted = incidents.filter(([, { subject }]) => wants(receiver, { severity, rule, subject }));
    if (wanted.length === 0) return [];
    const entries = wanted.slice(0, SHOWN).map(([key, incident]) => entryOf(key, incident, change === "recovered"));
    const about = { rule, severity, transition: change, batch, at: now };
    return [{ receiver: receiver.name, ...about, count: wanted.length, incidents: entries }];
  });
}

/** The rules in compressed time. @param scale divides every duration (`TOKENKEEPER_TIME_SCALE`). */
export function scaledRules(rules: AlertSettings["rules"], scale: number): Readonly<Record<Rule, RuleSettings>> {
  const entries = RULE_NAMES.map((rule) => [rule, { ...rules[rule], for: rules[rule].for / scale }] as const);
  return Object.fromEntries(entries) as Record<Rule, RuleSettings>;
}
