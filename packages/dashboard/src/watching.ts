import { hostname } from "node:os";
import { randomUUID } from "node:crypto";
import { createAlerts, type Alerts, type AlertsSource } from "@tokenkeeper/alerts";
import { connectRedis, createDurations, type Log } from "@tokenkeeper/core";
import { createSloWatcher, createWatch, sloLimits, type Data } from "@tokenkeeper/ops";
import type { Clock } from "@tokenkeeper/shared/contract";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";

/** What this dashboard watches with. */
export interface WatchingDeps {
  readonly redisUrl: string;
  /** Without a file of alerts it only keeps the figures of the service levels. */
  readonly alerts?: AlertsSource | undefined;
  /** Divides every duration. @default 1 */
  readonly timeScale?: number;
  readonly redis: Redis;
  readonly data: Data;
  readonly refresh: Queue;
  readonly schedule: Queue;
  readonly clock: Clock;
  readonly log: Log;
}

/** The watch of this dashboard: it is what notices that all workers are gone. */
export interface Watching {
  readonly alerts: Alerts | undefined;
  start(): void;
  /** Waits for what is under way. */
  stop(): Promise<void>;
}

/** @throws ConfigError when the file of alerts is refused. */
export function createWatching(deps: WatchingDeps): Watching {
  const { timeScale = 1, redis, data, refresh, schedule, clock, log } = deps;
  const durations = createDurations(timeScale);
  const delivery = openDelivery(deps);
  const name = `dashboard-${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const slo = createSloWatcher(redis, sloLimits(timeScale));
  const watchers = { slo, ...(delivery && { alerts: delivery.alerts.watcher }) };
  const periodMs = durations.watch;
  // Workers do not: a fleet of them would tell as often as it has processes.
  const onRound = delivery?.alerts.onRound;
  const watch = createWatch({ redis, data, refresh, schedule, watchers, onRound, name, periodMs, clock, log });
  return {
    alerts: delivery?.alerts,
    start() {
      if (delivery) delivery.alerts.start();
      else log.info("alerts.none");
      watch.start();
    },
    async stop() {
      await watch.stop();
      await delivery?.alerts.stop();
      delivery?.blocking.disconnect();
    },
  };
}

function openDelivery({
  redisUrl,
  alerts: source,
  timeScale = 1,
  redis,
  clock,
  log,
}: WatchingDeps): { readonly alerts: Alerts; readonly blocking: Redis } | undefined {
  if (!source) return undefined;
  const blocking = connectRedis(redisUrl, { name: "dashboard-alerts", log, use: "queue" });
  const durations = createDurations(timeScale);
  return { alerts: createAlerts({ source, redis, blocking, durations, timeScale, clock, log }), blocking };
}
