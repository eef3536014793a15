import { hostname } from "node:os";
import { randomUUID } from "node:crypto";
import { createAlerts, type Alerts, type AlertsSource } from "@tokenkeeper/alerts";
import { connectRedis, createDurations, type Log } from "@tokenkeeper/core";
import { createWatch, type Data } from "@tokenkeeper/ops";
import type { Clock } from "@tokenkeeper/shared/contract";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";

/** What this dashboard watches with, when it is told to. */
export interface WatchingDeps {
  readonly redisUrl: string;
  /** Without a file of alerts this dashboard watches nothing. */
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
  const { redisUrl, alerts: source, timeScale = 1, redis, data, refresh, schedule, clock, log } = deps;
  if (!source) return { alerts: undefined, start: () => log.info("alerts.none"), stop: async () => {} };
  const durations = createDurations(timeScale);
  const blocking = connectRedis(redisUrl, { name: "dashboard-alerts", log, use: "queue" });
  const alerts = createAlerts({ source, redis, blocking, durations, timeScale, clock, log });
  const name = `dashboard-${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const watchers = [alerts.watcher];
  const watch = createWatch({ redis, data, refresh, schedule, watchers, name, periodMs: durations.watch, clock, log });
  return {
    alerts,
    start() {
      alerts.start();
      watch.start();
    },
    async stop() {
      await watch.stop();
      await alerts.stop();
      blocking.disconnect();
    },
  };
}
