import type { AlertsSource } from "@tokenkeeper/alerts";
import type { Log, WorkerConfig } from "@tokenkeeper/core";
import type { Clock } from "@tokenkeeper/shared/contract";
import type { ConfigSource } from "./config-watch.ts";

/** What a worker is made of, beside its configuration. */
export interface RuntimeOptions {
  readonly config: WorkerConfig;
  readonly log: Log;
  readonly clock?: Clock;
  /** Where a changed configuration comes from; without it the one at the start stays. */
  readonly configSource?: ConfigSource;
  /** The file of alerts; without it this worker finds and delivers none. */
  readonly alerts?: AlertsSource | undefined;
  /** 0 (included) to 1 (excluded). */
  readonly random?: () => number;
  /** Which planners run. Each alone keeps every credential fresh; all run by default. */
  readonly planners?: { readonly ticks: boolean; readonly sweep: boolean; readonly fallback: boolean };
  /** Refreshes a second at the most; `Infinity`: no limit. @default 50 */
  readonly fetchesPerSecond?: number;
}

/** A whole worker. */
export interface Runtime {
  /** @returns the port of `healthz`. Rejects with `StartError` when it cannot run here. */
  start(): Promise<number>;
  /** Finishes what is under way, or abandons it after a while; all is closed within 10 s (scaled: of `shutdown`). */
  stop(): Promise<void>;
}

/** Ticks, sweep and fallback. */
export const ALL_PLANNERS = { ticks: true, sweep: true, fallback: true };
