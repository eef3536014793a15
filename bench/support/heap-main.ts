// What a token client keeps in memory, in a process that does nothing else. Arguments: URL of Redis, how many credentials are read.
import { createTokenClient } from "@tokenkeeper/shared";
import type { HeapMessage } from "./heap.ts";
import { population } from "./population.ts";

const [redisUrl = "", count = "0"] = process.argv.slice(2);
const ids = population(Number(count)).map(({ id }) => id);
const tokens = createTokenClient({ redis: redisUrl });

/** @returns bytes in use once everything that can be thrown away is gone. */
async function heapUsed(): Promise<number> {
  for (let round = 0; round < 5; round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
}

// The first reads bring the code and the connection into memory.
for (const id of ids.slice(0, 100)) await tokens.getAccessToken(id);
const before = await heapUsed();
for (const id of ids.slice(100)) await tokens.getAccessToken(id);
const bytes = ((await heapUsed()) - before) / (ids.length - 100);
process.send?.({ bytes } satisfies HeapMessage);
process.on("disconnect", () => process.exit());
