import { ALERTS_QUEUE, reportErrors, type Durations, type Log } from "@tokenkeeper/core";
import type { Watcher } from "@tokenkeeper/ops";
import { QUEUE_PREFIX, type Clock } from "@tokenkeeper/shared/contract";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { createAnnounce } from "./announce.ts";
import { createDelivery } from "./delivery.ts";
import { createIncidentStore } from "./incident-store.ts";
import { overviewOf, type AlertsOverview } from "./overview.ts";
import { createOutage } from "./outage.ts";
import { createSender } from "./sender.ts";
import type { AlertSettings } from "./settings-file.ts";
import { createSettingsInForce, type AlertsSource } from "./settings-source.ts";
import { sendTestAlert, type TestResult } from "./test-alert.ts";

/** Alerts of one process. Every process that has the file finds and delivers them; together they tell each once. */
export interface Alerts {
  /** Finds what is wrong in each round of the watch. */
  readonly watcher: Watcher;
  /** Told how each round ended, tells that Redis itself has failed. Each process that is told tells for itself. */
  readonly onRound: (failed: boolean) => void;
  /** Delivers what is on the queue, and looks for changes of the file. */
  start(): void;
  /** Waits for what is under way. */
  stop(): Promise<void>;
  /** Rejects with UnavailableError while Redis does not answer. */
  overview(): Promise<AlertsOverview>;
  /** To every receiver, at once. */
  sendTest(): Promise<TestResult[]>;
}

/** What alerts are made from. */
export interface AlertsDeps {
  readonly source: AlertsSource;
  /** An answer comes in time or an error does. */
  readonly redis: Redis;
  /** Waits for Redis for ever. */
  readonly blocking: Redis;
  readonly durations: Durations;
  readonly timeScale: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** @throws ConfigError when the file is refused. */
export function createAlerts({ source, redis, blocking, durations, timeScale, clock, log }: AlertsDeps): Alerts {
  const inForce = createSettingsInForce(source, log);
  const settings = (): AlertSettings => inForce.current();
  const store = createIncidentStore(redis);
  const queue = new Queue(ALERTS_QUEUE, { connection: redis, prefix: QUEUE_PREFIX });
  reportErrors(queue, log);
  const sender = createSender({ deadlineMs: durations.http, connectMs: durations.httpConnect, clock });
  const { publicUrl } = source;
  const delivery = createDelivery({
    connection: blocking,
    queue,
    store,
    settings,
    publicUrl,
    sender,
    durations,
    timeScale,
    clock,
    log,
  });
  const outage = createOutage({ settings, publicUrl, sender, durations, timeScale, clock, log });
  let looking: NodeJS.Timeout | undefined;

  return {
    watcher: createAnnounce({ store, queue, settings, awayMs: durations.alertAway, timeScale }),
    onRound: (failed) => void outage(failed),
    start() {
      looking = setInterval(() => inForce.look(), durations.configCheck);
      delivery.run().catch((err: unknown) => log.warn({ err }, "alerts.stopped"));
      log.info({ receivers: settings().receivers.length }, "alerts.started");
    },
    async stop() {
      clearInterval(looking);
      await delivery.close();
      await queue.close();
      await sender.close();
    },
    overview: async () => overviewOf(settings(), (await store.read()).incidents),
    sendTest: () => sendTestAlert({ settings: settings(), publicUrl, sender, clock }),
  };
}
