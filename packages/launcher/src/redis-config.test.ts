import { describe, expect, it } from "vitest";
import { parseRedisConfig, redisConfigText } from "./redis-config.ts";

describe("redisConfigText", () => {
  it("quotes a folder with spaces, quotes and backslashes", () => {
    const text = redisConfigText({ folder: String.raw`/home/a "b"\c`, port: 7001, password: "pw" });

    expect(text).toContain(String.raw`dir "/home/a \"b\"\\c"`);
  });

  it("gives back port and password", () => {
    const text = redisConfigText({ folder: "/data", port: 7001, password: "aB-_9" });

    expect(parseRedisConfig(text)).toEqual({ port: 7001, password: "aB-_9" });
  });

  it.each([undefined, "", "port 7001\n", 'requirepass "x"\n'])("knows nothing of %j", (text) => {
    expect(parseRedisConfig(text)).toBeUndefined();
  });
});
