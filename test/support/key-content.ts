import type { Redis } from "ioredis";

/** All that a key holds, whatever its type, as text; empty when it is gone by now. */
export async function contentOf(redis: Redis, key: string): Promise<string> {
  const content = await read(redis, key);
  return content === undefined ? "" : JSON.stringify(content);
}

async function read(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  switch (type) {
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
    case "none":
      return undefined;
    default:
      throw new Error(`the key ${key} is of the type ${type}, which nobody searches`);
  }
}
