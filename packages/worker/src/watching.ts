import { createAlerts, type AlertsSource } from "@tokenkeeper/alerts";
import type { Durations, Log } from "@tokenkeeper/core";
import { createData, createSloWatcher, createWatch, sloLimits } from "@tokenkeeper/ops";
import type { Clock } from "@tokenkeeper/shared/contract";
import type { Lifecycle } from "./lifecycle.ts";
import type { Connections } from "./queues/connections.ts";

/** What this worker watches with, when it is told to. */
export interface WatchingDeps {
  /** Without a file of alerts this worker watches nothing. */
  readonly alerts: AlertsSource | undefined;
  readonly connections: Connections;
  readonly name: string;
  readonly durations: Durations;
  readonly timeScale: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly lifecycle: Lifecycle;
}

/**
 * Looks at everything while no other process does, and delivers alerts.
 * @returns a function that starts it.
 * @throws ConfigError when the file of alerts is refused.
 */
export function createWatching(deps: WatchingDeps): () => void {
  const { alerts: source, connections, name, durations, timeScale, clock, log, lifecycle } = deps;
  if (!source) return () => log.info("alerts.none");
  const { command: redis, blocking, refreshQueue: refresh, scheduleQueue: schedule } = connections;
  const alerts = createAlerts({ source, redis, blocking, durations, timeScale, clock, log });
  const watch = createWatch({
    redis,
    data: createData(redis),
    refresh,
    schedule,
    watchers: { slo: createSloWatcher(redis, sloLimits(timeScale)), alerts: alerts.watcher },
    name,
    periodMs: durations.watch,
    clock,
    log,
  });
  return () => {
    lifecycle.onClose("alerts", () => alerts.stop());
    alerts.start();
    lifecycle.onClose("watch", () => watch.stop());
    watch.start();
  };
}
