import { createStatusServer, listen as listenAt, type Durations, type WorkerConfig } from "@tokenkeeper/core";
import { createPrometheus } from "@tokenkeeper/ops/prometheus";
import type { Clock } from "@tokenkeeper/shared/contract";
import type { Lifecycle } from "./lifecycle.ts";
import { WORKER_METRICS, type WorkerMeter } from "./metrics/worker-metrics.ts";
import { StartError } from "./start-error.ts";
import { createWorkerStatus, type WorkerStatusDeps } from "./status.ts";

/** What machines get to know of this worker: metrics and probes. */
export interface Monitoring {
  readonly meter: WorkerMeter;
  /** A look at what is due was completed. */
  looked(): void;
  /** What the plan should have done was done without it, so many times. */
  repaired(what: "fallback" | "lost_job", times?: number): void;
  /** A configuration was put into force, in place of another one or at the start. */
  configInForce(how: "reload" | "start"): void;
  /** Everything was started. */
  started(): void;
  /** @returns the port. @throws StartError when it cannot listen there. */
  listen(where: Pick<WorkerConfig, "healthHost" | "healthPort">): Promise<number>;
}

/** What it is made from. */
export interface MonitoringDeps extends Omit<WorkerStatusDeps, "metrics"> {
  readonly durations: Durations;
  readonly clock: Clock;
  readonly lifecycle: Lifecycle;
}

/** Part of the composition root. */
export function createMonitoring({ lifecycle, ...deps }: MonitoringDeps): Monitoring {
  const prometheus = createPrometheus(WORKER_METRICS);
  const { meter } = prometheus;
  const status = createWorkerStatus({ ...deps, metrics: prometheus });
  return {
    meter,
    looked() {
      status.looked();
      meter.set("wxtok_last_look_timestamp_seconds", {}, deps.clock.now() / 1_000);
    },
    repaired: (what, times) => meter.add("wxtok_reconcile_repairs_total", { what }, times),
    configInForce(how) {
      if (how === "reload") meter.add("wxtok_config_reload_total", { result: "applied" });
      meter.set("wxtok_config_last_reload_successful", {}, 1);
      meter.set("wxtok_config_last_reload_success_timestamp_seconds", {}, deps.clock.now() / 1_000);
    },
    started: () => status.started(),
    async listen({ healthHost: host, healthPort: port }) {
      const listening = await listenAt(createStatusServer(status), { host, port, graceMs: 0 }).catch(() => {
        throw new StartError(
          "port",
          `The worker cannot listen at ${host} port ${port}: another program does, or the address is not this machine's. Set WORKER_HEALTH_PORT or WORKER_HEALTH_HOST.`,
        );
      });
      lifecycle.onClose("health", () => listening.close());
      return listening.port;
    },
  };
}
