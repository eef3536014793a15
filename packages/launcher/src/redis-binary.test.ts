import { describe, expect, it } from "vitest";
import { isSupportedVersion } from "./redis-binary.ts";

describe("isSupportedVersion", () => {
  it.each([
    ["Redis 7.0", "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", true],
    ["Redis 6.2, the oldest", "Redis server v=6.2.0 sha=00000000:0", true],
    ["Redis 6.0", "Redis server v=6.0.16 sha=00000000:0", false],
    ["Redis 5", "Redis server v=5.0.14 sha=00000000:0", false],
    ["Valkey", "Valkey server v=8.1.1 sha=00000000:0", true],
    ["a warning line first", "WARNING: memory\nRedis server v=8.0.2 sha=0", true],
    ["another program", "redis-check-rdb 7.0.15", false],
  ])("for %s", (_case, printed, expected) => {
    expect(isSupportedVersion(printed)).toBe(expected);
  });
});
