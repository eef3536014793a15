import type { Redis } from "ioredis";

/** Everything that stands in Redis except the records, which alone may hold values. */
export async function dumpKeys(redis: Redis): Promise<string> {
  const keys = (await redis.keys("*")).filter((key) => !key.startsWith("wx:tok:"));
  const texts = await Promise.all(keys.map(async (key) => `${key} ${JSON.stringify(await contentOf(redis, key))}`));
  return texts.join("\n");
}

async function contentOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case "string":
      return redis.get(key);
    case "hash":
      return redis.hgetall(key);
    case "list":
      return redis.lrange(key, 0, -1);
    case "zset":
      return redis.zrange(key, "0", "-1");
    case "set":
      return redis.smembers(key);
    case "stream":
      return redis.xrange(key, "-", "+");
    default:
      return undefined;
  }
}
