// The launcher's one waiting loop.
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Asks `check` again and again until it answers something other than `undefined`.
 * @returns that answer, or `undefined` when `timeoutMs` has passed.
 */
export async function until<T>(
  check: () => Promise<T | undefined> | T | undefined,
  options: { readonly timeoutMs: number; readonly everyMs: number },
): Promise<T | undefined> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    const answer = await check();
    if (answer !== undefined || performance.now() >= deadline) return answer;
    await sleep(options.everyMs);
  }
}
