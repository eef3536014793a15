import type { Redis } from "ioredis";
import { contentOf } from "../support/key-content.ts";

/** Everything that stands in Redis except the records, which alone may hold values. */
export async function dumpKeys(redis: Redis): Promise<string> {
  const keys = (await redis.keys("*")).filter((key) => !key.startsWith("wx:tok:"));
  const texts = await Promise.all(keys.map(async (key) => `${key} ${await contentOf(redis, key)}`));
  return texts.join("\n");
}
