import { alertJobId, type AlertJob } from "./alert-job.ts";
import { alertsOf, ATTEMPTS, scaledRules } from "./announce.ts";
import type { Condition } from "./conditions.ts";
import { retryAfter, styleOf, type DeliveryDeps } from "./delivery.ts";
import { incidentKey, type Incidents } from "./incident.ts";
import { messageOf } from "./message.ts";
import { quietLeft } from "./quiet-hours.ts";
import { announcementsOf, told, transition } from "./transition.ts";

/** What the failure of Redis itself is told with. */
export type OutageDeps = Omit<DeliveryDeps, "connection" | "queue" | "store">;

/** A message on its way to one receiver. */
interface Outgoing {
  readonly job: AlertJob;
  readonly tries: number;
  /** Epoch ms. */
  readonly notBefore: number;
}

const UNREACHABLE: Condition = { rule: "RedisRisk", facts: { risks: ["unreachable"] }, explained: false };
const FAILING = new Map([[incidentKey(UNREACHABLE), UNREACHABLE]]);

/**
 * Tells that Redis does not answer, and that it does again, by the same rules as all else but past queue and incidents, which
 * are in Redis. What it knows is in memory: each process that looks tells for itself, and one that ends forgets.
 * @returns to be called after each round of the watch. It never rejects; while messages are sent it does not look.
 */
export function createOutage(deps: OutageDeps): (failed: boolean) => Promise<void> {
  const { settings, publicUrl, sender, durations, timeScale, clock, log } = deps;
  /** By receiver. */
  const outgoing = new Map<string, Outgoing>();
  let incidents: Incidents = new Map();
  let sending = false;

  function look(failed: boolean): void {
    const now = clock.now();
    incidents = transition({
      incidents,
      conditions: failed ? FAILING : new Map(),
      now,
      round: String(now),
      rules: scaledRules(settings().rules, timeScale),
      awayMs: durations.alertAway,
      accounts: new Set(),
    });
    const jobs = announcementsOf(incidents).flatMap((each) => alertsOf(each, settings(), now));
    for (const job of jobs) {
      // Who heard nothing of the begin hears nothing of the end.
      const isUnheard = job.transition === "recovered" && outgoing.get(job.receiver)?.tries === 0;
      if (isUnheard) outgoing.delete(job.receiver);
      else outgoing.set(job.receiver, { job, tries: 0, notBefore: now });
    }
    incidents = told(incidents);
  }

  async function send({ job, tries, notBefore }: Outgoing): Promise<void> {
    const { receivers, quietHours } = settings();
    const receiver = receivers.find(({ name }) => name === job.receiver);
    const now = clock.now();
    if (!receiver) return void outgoing.delete(job.receiver);
    if (now < notBefore || quietLeft(job.severity, quietHours, now) > 0) return;
    const { rule, transition: change } = job;
    const message = messageOf(alertJobId(job.batch, job.receiver), job, styleOf(receiver, settings(), publicUrl));
    const verdict = await sender.send(receiver, message);
    const again = verdict.type === "retry" && tries + 1 < ATTEMPTS;
    if (again) {
      const waits = Math.max(retryAfter(tries + 1, durations), (verdict.afterMs ?? 0) / timeScale);
      outgoing.set(job.receiver, { job, tries: tries + 1, notBefore: clock.now() + waits });
    } else outgoing.delete(job.receiver);
    if (verdict.type === "accepted") log.info({ receiver: receiver.name, rule, transition: change }, "alert.delivered");
    else {
      const why = { receiver: receiver.name, code: verdict.code, remedy: verdict.reason.en };
      log[again ? "warn" : "error"](why, again ? "alert.postponed" : "alert.undelivered");
    }
  }

  return async (failed) => {
    if (sending) return;
    sending = true;
    try {
      look(failed);
      await Promise.all([...outgoing.values()].map(send));
    } catch (err) {
      log.warn({ err }, "outage.failed");
    } finally {
      sending = false;
    }
  };
}
