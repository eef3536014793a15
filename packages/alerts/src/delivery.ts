import { ALERTS_QUEUE, reportErrors, type Durations, type Log } from "@tokenkeeper/core";
import { QUEUE_PREFIX, type Clock } from "@tokenkeeper/shared/contract";
import { answered } from "@tokenkeeper/ops";
import { DelayedError, UnrecoverableError, Worker, type Job, type Queue } from "bullmq";
import type { Redis } from "ioredis";
import { alertJobId, parseAlertJob, SHOWN, type AlertJob } from "./alert-job.ts";
import type { Verdict } from "./formats/format.ts";
import { heardOf, tellable, type Heard } from "./heard.ts";
import type { IncidentStore } from "./incident-store.ts";
import { messageOf, type MessageStyle } from "./message.ts";
import { quietLeft } from "./quiet-hours.ts";
import type { Receiver } from "./receiver.ts";
import type { Sender } from "./sender.ts";
import type { AlertSettings } from "./settings-file.ts";

/** What messages are delivered with. */
export interface DeliveryDeps {
  /** Waits for Redis for ever. */
  readonly connection: Redis;
  /** The queue `alerts`. */
  readonly queue: Pick<Queue, "getJob">;
  readonly store: Pick<IncidentStore, "some">;
  readonly settings: () => AlertSettings;
  readonly publicUrl: string | undefined;
  readonly sender: Pick<Sender, "send">;
  readonly durations: Durations;
  /** Divides the durations of the settings, and the times that robots ask for. */
  readonly timeScale: number;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
}

/** What a job on `alerts` came to. `over`: what it was to tell, or the end of, was over before it could be told. */
export type DeliveryResult = { readonly outcome: "delivered" | "over" };

/** How the backoff of these jobs is called. */
export const ALERT_BACKOFF = "alert";

/** Where an instant has no other time zone. */
export const TIME_ZONE = "Asia/Shanghai";

/** Source: WeCom and DingTalk: so many messages a minute to one robot. All receivers together keep to it. */
const A_MINUTE = 20;
const CONCURRENCY = 4;
/** A receiver that no process knows any more is waited for so many times: the file may be on its way. */
const UNKNOWN_TRIES = 6;

/** The message was not taken and is tried again. */
class NotDelivered extends Error {
  override readonly name = "NotDelivered";
  readonly afterMs: number;

  constructor(message: string, afterMs: number) {
    super(message);
    this.afterMs = afterMs;
  }
}

/** Delivers the messages of the queue `alerts`. */
export function createDelivery(deps: DeliveryDeps): Worker {
  const { connection, queue, store, settings, publicUrl, sender, durations, timeScale, clock, log } = deps;

  async function deliver(job: Job, token: string | undefined): Promise<DeliveryResult> {
    const data = parseAlertJob(job.data);
    if (!data) {
      throw new UnrecoverableError(
        "job data | 任务数据被改动，已忽略。 | The job's data is not ours; it was left alone.",
      );
    }
    const receiver = settings().receivers.find(({ name }) => name === data.receiver);
    if (!receiver) return giveUp(job, UNKNOWN_RECEIVER, job.attemptsMade + 1 < UNKNOWN_TRIES);
    // They may have begun since it was enqueued: between two tries, or while nothing delivered.
    const quiet = quietLeft(data.severity, settings().quietHours, clock.now());
    if (quiet > 0) return postpone(job, { token, ms: quiet });
    const rest = await restOf(data);
    if (rest === "not yet") return postpone(job, { token, ms: backoffOf(job.attemptsStarted, undefined) });
    if (!rest) return { outcome: "over" };
    const message = messageOf(job.id ?? data.batch, rest, styleOf(receiver, settings(), publicUrl));
    const verdict = await sender.send(receiver, message);
    if (verdict.type === "accepted") {
      log.info({ receiver: receiver.name, rule: data.rule, transition: data.transition }, "alert.delivered");
      return { outcome: "delivered" };
    }
    return giveUp(job, verdict, verdict.type === "retry");
  }

  /** The message waits and no try of it is used. */
  async function postpone(job: Job, { token, ms }: { token: string | undefined; ms: number }): Promise<never> {
    await job.moveToDelayed(Date.now() + ms, token);
    throw new DelayedError();
  }

  /** What there is to tell now. */
  async function restOf(data: AlertJob): Promise<AlertJob | "not yet" | undefined> {
    if (data.transition === "opened") return (await isOver(data)) ? undefined : data;
    if (data.count > SHOWN) return data;
    return tellable(data, await Promise.all(data.incidents.map(({ openedIn }) => heardIn(openedIn, data.receiver))));
  }

  async function heardIn(batch: string | undefined, receiver: string): Promise<Heard> {
    return batch === undefined ? "maybe" : heardOf(await answered(() => queue.getJob(alertJobId(batch, receiver))));
  }

  /** A message that was late tells nobody of what is over. */
  async function isOver({ batch, count, incidents }: AlertJob): Promise<boolean> {
    const known = await store.some(incidents.map(({ key }) => key));
    const isOn = incidents.some(({ key }) => {
      const incident = known.get(key);
      return incident?.opened?.batch === batch && !incident.ended;
    });
    return !isOn && count <= SHOWN;
  }

  function giveUp(job: Job, verdict: Exclude<Verdict, { type: "accepted" }>, again: boolean): never {
    const { code, reason, afterMs = 0 } = verdict;
    const last = !again || job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
    const receiver = parseAlertJob(job.data)?.receiver;
    log[last ? "error" : "warn"]({ receiver, code, remedy: reason.en }, last ? "alert.undelivered" : "alert.postponed");
    const message = `${code} | ${reason.zh}。 | ${reason.en}.`;
    if (last) throw new UnrecoverableError(message);
    throw new NotDelivered(message, afterMs / timeScale);
  }

  /** Total and never throwing: BullMQ leaves a job hanging when its backoff strategy fails. */
  function backoffOf(made: number, error: Error | undefined): number {
    return Math.max(
      1,
      Math.round(Math.max(retryAfter(made, durations), error instanceof NotDelivered ? error.afterMs : 0)),
    );
  }

  const worker = new Worker(ALERTS_QUEUE, deliver, {
    connection,
    prefix: QUEUE_PREFIX,
    concurrency: CONCURRENCY,
    autorun: false,
    lockDuration: durations.jobLock,
    stalledInterval: durations.stalledCheck,
    maxStalledCount: 2,
    limiter: { max: A_MINUTE, duration: durations.robotMinute },
    settings: { backoffStrategy: (made, _type, error) => backoffOf(made, error) },
  });
  reportErrors(worker, log);
  return worker;
}

const UNKNOWN_RECEIVER = {
  type: "retry",
  code: "receiver",
  reason: {
    en: "The file of alerts here has no receiver of this name: give every process the same file",
    zh: "此进程的告警文件中没有该接收方，请让各进程使用同一份文件",
  },
} as const satisfies Verdict;

/** How long after so many tries a message is tried again, ms. Pure. */
export function retryAfter(made: number, { alertRetryFirst, alertRetryMost }: Durations): number {
  return Math.min(alertRetryMost, alertRetryFirst * 2 ** Math.max(0, made - 1));
}

/** How messages to a receiver are written. */
export function styleOf(
  { language }: Receiver,
  { quietHours }: AlertSettings,
  publicUrl: string | undefined,
): MessageStyle {
  return { language, timeZone: quietHours?.timeZone ?? TIME_ZONE, publicUrl };
}
