/** The part of `process` that tells a process to end. */
export interface ProcessSignals {
  on(event: NodeJS.Signals | "disconnect", listener: () => void): unknown;
  readonly connected?: boolean;
}

/**
 * Resolves with the cause when the process is told to end: SIGTERM, SIGINT, SIGHUP, or the end of the process that
 * started it over IPC. Further signals are ignored: the ending is under way.
 */
export function untilToldToStop(process: ProcessSignals): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => resolve(signal));
  if (process.connected) process.on("disconnect", () => resolve("parent ended"));
  return promise;
}
