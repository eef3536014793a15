import type { Durations, Status } from "@tokenkeeper/core";
import type { Clock } from "@tokenkeeper/shared/contract";

/** Whether this worker lives and does its work. */
export interface WorkerStatus extends Status {
  /** Everything was started. */
  started(): void;
  /** A look at what is due was completed: sweep, tick or fallback. */
  looked(): void;
}

/** What the status is known from. */
export interface WorkerStatusDeps {
  /** BullMQ's workers. */
  readonly workers: () => readonly { isRunning(): boolean }[];
  /** Resolves when Redis answers. */
  readonly ping: () => Promise<unknown>;
  readonly metrics: Status["metrics"];
  /** Aborted when the worker ends. */
  readonly stopping: AbortSignal;
  readonly durations: Durations;
  readonly clock: Clock;
}

/**
 * It lives unless a worker of BullMQ's has ended by itself; a Redis that is away is no reason to restart. It is ready while Redis
 * answers, those run, and a look at what is due was completed within three periods.
 */
export function createWorkerStatus(deps: WorkerStatusDeps): WorkerStatus {
  const { workers, ping, metrics, stopping, durations, clock } = deps;
  let isStarted = false;
  let lookedAt = Number.NEGATIVE_INFINITY;
  const run = (): boolean => workers().every((worker) => worker.isRunning());
  return {
    started: () => void (isStarted = true),
    looked: () => void (lookedAt = clock.monotonic()),
    isLive: () => !isStarted || stopping.aborted || run(),
    async isReady() {
      if (stopping.aborted || !run() || clock.monotonic() - lookedAt > durations.lookPatience) return false;
      await ping();
      return true;
    },
    metrics,
  };
}
