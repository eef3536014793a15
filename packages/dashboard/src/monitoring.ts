import { createStatusServer, listen, requireAnswer, type Log } from "@tokenkeeper/core";
import { readFleet, readSlo, UnavailableError, type FleetDeps, type FleetPage } from "@tokenkeeper/ops";
import { createPrometheus } from "@tokenkeeper/ops/prometheus";
import { DASHBOARD_METRICS, type DashboardMeter } from "./metrics/dashboard-metrics.ts";
import { gaugesOf, type Gauges } from "./metrics/gauges.ts";
import type { Changes } from "./ops/changes.ts";

/** Where machines ask for metrics and probes. */
export interface MetricsAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Set by a person: then it is an error when another program listens there. */
  readonly explicit: boolean;
}

/** What machines get to know of this dashboard. */
export interface Monitoring {
  readonly meter: DashboardMeter;
  /** Redis answers, and what pages show is fresh. Rejects when not. */
  ready(): Promise<void>;
  /**
   * @returns the port; `undefined` when another program has the default one: that keeps no person from the pages.
   * @throws UnavailableError when it cannot listen where it was told to.
   */
  listen(address: MetricsAddress): Promise<number | undefined>;
  close(): Promise<void>;
}

/** What it is made from. */
export interface MonitoringDeps extends FleetDeps {
  readonly changes: Changes;
  readonly log: Log;
}

/** Part of the composition root. */
export function createMonitoring({ changes, log, ...deps }: MonitoringDeps): Monitoring {
  const { redis } = deps;
  const closers: (() => Promise<void>)[] = [];

  async function readPage(): Promise<Gauges> {
    const rows = [...(await changes.current()).rows.values()];
    const fleet = await readFleet(deps, rows);
    const page: FleetPage = { ...fleet, slo: await readSlo(redis, fleet.now) };
    return gaugesOf(rows, page);
  }

  /** Without Redis what was read before is not shown as if it were so now; the counters stay. */
  async function fill(meter: DashboardMeter): Promise<void> {
    const gauges = await readPage().catch(() => undefined);
    for (const [name, { type }] of Object.entries(DASHBOARD_METRICS)) {
      const gauge = name as keyof Gauges;
      if (type === "gauge") meter.replace(gauge, gauges?.[gauge] ?? []);
    }
  }

  async function ready(): Promise<void> {
    await requireAnswer(redis);
    await changes.current();
  }

  const prometheus = createPrometheus(DASHBOARD_METRICS, fill);
  const status = {
    isLive: () => true,
    isReady: async () => {
      await ready();
      return true;
    },
    metrics: prometheus,
  };
  return {
    meter: prometheus.meter,
    ready,
    async listen({ host, port, explicit }) {
      const listening = await listen(createStatusServer(status), { host, port, graceMs: 0 }).catch(() => undefined);
      if (listening) {
        closers.push(() => listening.close());
        return listening.port;
      }
      const remedy = "set DASHBOARD_METRICS_PORT or DASHBOARD_METRICS_HOST";
      if (explicit) {
        throw new UnavailableError(
          `The dashboard cannot listen for metrics at ${host} port ${port}: another program does, or the address is not this machine's. Stop that program, or ${remedy}.`,
        );
      }
      log.warn({ host, port, remedy }, "dashboard.metrics_port_taken");
      return undefined;
    },
    async close() {
      for (const close of closers) await close();
    },
  };
}
