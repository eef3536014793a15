import { describe, expect, it } from "vitest";
import { ConfigError, type Problem } from "./problems.ts";
import { readSettings, SETTINGS, type Environment } from "./settings.ts";

const ALL = Object.keys(SETTINGS) as (keyof typeof SETTINGS)[];

function problemsOf(env: Environment): readonly Problem[] {
  try {
    readSettings(env, ALL);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe("readSettings", () => {
  it("gives the defaults when nothing is set, and when everything is set to an empty text", () => {
    const defaults = {
      WECHAT_API_BASE_URL: "https://api.weixin.qq.com",
      WORKER_HEALTH_HOST: "127.0.0.1",
      WORKER_HEALTH_PORT: 3011,
      DASHBOARD_HOST: "127.0.0.1",
      DASHBOARD_PORT: 3010,
      DASHBOARD_METRICS_HOST: "127.0.0.1",
      DASHBOARD_METRICS_PORT: 3014,
      DASHBOARD_USER: "admin",
      SIMULATOR_PORT: 3012,
      TOKENKEEPER_TIME_SCALE: 1,
      LOG_LEVEL: "info",
      NODE_ENV: "development",
    };

    expect(readSettings({}, ALL)).toEqual(defaults);
    expect(readSettings(Object.fromEntries(ALL.map((name) => [name, ""])), ALL)).toEqual(defaults);
  });

  it("reads numbers and leaves names alone that were not asked for", () => {
    const env = { DASHBOARD_PORT: "8080", SIMULATOR_PORT: "no port" };

    expect(readSettings(env, ["DASHBOARD_PORT"])).toEqual({ DASHBOARD_PORT: 8080 });
  });

  it.each([
    ["DASHBOARD_PORT", "0", "a port from 1 to 65535", '"0"'],
    ["DASHBOARD_PORT", "65536", "a port from 1 to 65535", '"65536"'],
    ["DASHBOARD_PORT", "80.5", "a port from 1 to 65535", '"80.5"'],
    ["DASHBOARD_PORT", "http", "a port from 1 to 65535", '"http"'],
    ["REDIS_URL", "localhost:6379", "a URL that begins with redis:// or rediss://", "a value of 14 characters"],
    ["DASHBOARD_PASSWORD", "short", "a password of at least 8 characters", "a value of 5 characters"],
    ["DASHBOARD_PASSWORD", "Changeme", "a password that is not a well-known one", "a value of 8 characters"],
    ["DASHBOARD_TRUSTED_HEADER", "Cookie", "the name of a header, such as X-Forwarded-User", '"Cookie"'],
    [
      "DASHBOARD_TRUSTED_HEADER",
      "X-Forwarded-For",
      "the name of a header, such as X-Forwarded-User",
      '"X-Forwarded-For"',
    ],
    ["DASHBOARD_TRUSTED_HEADER", "two words", "the name of a header, such as X-Forwarded-User", '"two words"'],
    ["DASHBOARD_PUBLIC_URL", "board.example", "a URL that begins with http:// or https://", '"board.example"'],
    ["TOKENKEEPER_TIME_SCALE", "0.5", "a number from 1 to 1000", '"0.5"'],
    ["TOKENKEEPER_TIME_SCALE", "Infinity", "a number from 1 to 1000", '"Infinity"'],
    ["TOKENKEEPER_TIME_SCALE", "NaN", "a number from 1 to 1000", '"NaN"'],
    ["LOG_LEVEL", "loud", "one of trace, debug, info, warn, error, fatal, silent", '"loud"'],
  ])("refuses %s=%s with one problem, in production as well", (...row) => {
    const [path, value, expected, got] = row;
    expect(problemsOf({ [path]: value })).toEqual([{ path, expected, got }]);
    expect(problemsOf({ [path]: value, NODE_ENV: "production" })).toEqual([{ path, expected, got }]);
  });

  it("refuses a time scale in production", () => {
    const expected = "1 or nothing when NODE_ENV is production";

    expect(problemsOf({ TOKENKEEPER_TIME_SCALE: "60" })).toEqual([]);
    expect(problemsOf({ TOKENKEEPER_TIME_SCALE: "1", NODE_ENV: "production" })).toEqual([]);
    expect(problemsOf({ TOKENKEEPER_TIME_SCALE: "60", NODE_ENV: "production" })).toEqual([
      { path: "TOKENKEEPER_TIME_SCALE", expected, got: '"60"' },
    ]);
  });

  it("refuses connections without a look at certificates in production only", () => {
    expect(problemsOf({ NODE_TLS_REJECT_UNAUTHORIZED: "0" })).toEqual([]);
    expect(problemsOf({ NODE_TLS_REJECT_UNAUTHORIZED: "1", NODE_ENV: "production" })).toEqual([]);
    expect(problemsOf({ NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_ENV: "production" })).toEqual([
      { path: "NODE_TLS_REJECT_UNAUTHORIZED", expected: expect.stringContaining("NODE_EXTRA_CA_CERTS"), got: '"0"' },
    ]);
  });

  it("reports every problem at once", () => {
    const env = { DASHBOARD_PORT: "x", SIMULATOR_PORT: "y", DASHBOARD_PASSWORD: "canary", LOG_LEVEL: "loud" };

    expect(problemsOf(env).map(({ path }) => path)).toEqual([
      "DASHBOARD_PORT",
      "DASHBOARD_PASSWORD",
      "SIMULATOR_PORT",
      "LOG_LEVEL",
    ]);
    expect(JSON.stringify(problemsOf(env))).not.toContain("canary");
  });
});
