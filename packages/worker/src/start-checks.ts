import { conflictsOf, createDurations, type RedisFacts } from "@tokenkeeper/core";
import { StartError } from "./start-error.ts";

/** @throws StartError when the constants of this build do not fit together. */
export function checkDurations(): void {
  const conflicts = conflictsOf(createDurations(1));
  if (conflicts.length > 0) {
    throw new StartError("policy", `The durations do not fit together: ${conflicts.join("; ")}.`);
  }
}

/** Rejects with `StartError` when Redis does not answer, or would throw tokens and jobs away when its memory is full. */
export async function checkRedis(readFacts: () => Promise<RedisFacts>): Promise<void> {
  const { evictionPolicy } = await readFacts().catch(() => {
    throw new StartError("redis", "Redis does not answer; check REDIS_URL, the password, and that the server is up.");
  });
  if (evictionPolicy === "noeviction") return;
  throw new StartError(
    "policy",
    `Redis evicts keys when its memory is full (maxmemory-policy ${evictionPolicy}), and with them tokens and jobs; set it to noeviction.`,
  );
}
