/** Something that runs again and again, never twice at a time. */
export interface Ticker {
  start(): void;
  /** Waits for the run that is under way. */
  stop(): Promise<void>;
}

/**
 * The one timer loop of the worker.
 * @param periodMs from the end of one run to the begin of the next.
 * @param run what to do; it handles its own failures through `onError`.
 */
export function createTicker(periodMs: number, run: () => Promise<void>, onError: (error: unknown) => void): Ticker {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let stopped = false;

  function arm(): void {
    if (stopped) return;
    timer = setTimeout(() => {
      running = run().catch(onError).finally(arm);
    }, periodMs);
  }

  return {
    start: arm,
    stop() {
      stopped = true;
      clearTimeout(timer);
      return running;
    },
  };
}
