import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Meter, MetricTable, Sample } from "./meter.ts";

/** Metrics of one process in the form that Prometheus reads, with those of the process itself. */
export interface Prometheus<Table extends MetricTable> {
  readonly meter: Meter<Table>;
  readonly contentType: string;
  /** Everything at this moment. Those who read at the same time get the same. */
  read(): Promise<string>;
}

/** The only file that names prom-client. @param prepare is waited for before each reading; it must not reject. */
export function createPrometheus<Table extends MetricTable>(
  table: Table,
  prepare: (meter: Meter<Table>) => Promise<void> = async () => {},
): Prometheus<Table> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counters = new Map<PropertyKey, Counter>();
  const gauges = new Map<PropertyKey, Gauge>();
  const histograms = new Map<PropertyKey, Histogram>();
  for (const [name, { type, help, labels, buckets, known = [] }] of Object.entries(table)) {
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === "gauge") gauges.set(name, absent(new Gauge(options), labels));
    else if (type === "histogram")
      histograms.set(name, new Histogram({ ...options, ...(buckets && { buckets: [...buckets] }) }));
    else counters.set(name, new Counter(options));
    for (const each of known) counters.get(name)?.inc(each, 0);
  }
  const meter: Meter<Table> = {
    add: (name, labels, times = 1) => counters.get(name)?.inc(labels, times),
    observe: (name, labels, seconds) => histograms.get(name)?.observe(labels, seconds),
    set: (name, labels, value) => gauges.get(name)?.set(labels, value),
    replace(name, samples: readonly Sample[]) {
      const gauge = gauges.get(name);
      gauge?.reset();
      for (const { labels, value } of samples) gauge?.set(labels, value);
    },
  };
  let reading: Promise<string> | undefined;
  return {
    meter,
    contentType: registry.contentType,
    read() {
      reading ??= prepare(meter)
        .then(() => registry.metrics())
        .finally(() => (reading = undefined));
      return reading;
    },
  };
}

/** A gauge without labels would be 0 from the start, which is not true before it was set. */
function absent(gauge: Gauge, labels: readonly string[]): Gauge {
  if (labels.length === 0) gauge.remove();
  return gauge;
}
