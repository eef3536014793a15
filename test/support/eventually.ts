import { setTimeout as sleep } from "node:timers/promises";

/**
 * Runs `check` until it does not throw and returns what it returned.
 * @param options.what what is being waited for, for the failure's text
 * @param options.timeoutMs default 10 s
 * @throws an error that quotes the last mismatch when the time is over
 */
export async function eventually<T>(
  check: () => Promise<T> | T,
  options: { readonly timeoutMs?: number; readonly what: string },
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() >= deadline) {
        const last = error instanceof Error ? error.message : String(error);
        throw new Error(`waited ${timeoutMs} ms for ${options.what}; last mismatch: ${last}`, { cause: error });
      }
    }
    await sleep(25);
  }
}
