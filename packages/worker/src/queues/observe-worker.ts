import type { Worker } from "bullmq";
import type { WorkerMeter } from "../metrics/worker-metrics.ts";

/** Counts what BullMQ mends by itself: jobs of workers that are gone, and locks that could not be kept. */
export function observeWorker(worker: Worker, meter: WorkerMeter): void {
  const queue = worker.name;
  worker.on("stalled", () => meter.add("wxtok_stalled_jobs_total", { queue }));
  worker.on("lockRenewalFailed", (ids) => meter.add("wxtok_lock_lost_total", { queue }, ids.length));
}
