import { setTimeout as wait } from "node:timers/promises";

/** Resolves when `check` holds; throws when it does not within 5 s. */
export async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error("it did not come true within 5 s");
    await wait(5);
  }
}
