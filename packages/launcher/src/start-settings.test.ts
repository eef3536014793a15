import { describe, expect, it } from "vitest";
import { readStartSettings } from "./start-settings.ts";

describe("readStartSettings", () => {
  it.each([
    ["nothing is set", { env: {}, hasConfigFile: false, examples: true }],
    ["the default file exists", { env: {}, hasConfigFile: true, examples: false }],
    ["a file is named", { env: { TOKENKEEPER_CONFIG: "mine.yaml" }, hasConfigFile: false, examples: false }],
    ["an account is set", { env: { WECHAT_APP_ID: "wx1234567890abcdef" }, hasConfigFile: false, examples: false }],
    ["only a secret is set", { env: { WECHAT_APP_SECRET: "s" }, hasConfigFile: false, examples: false }],
    ["all is empty", { env: { TOKENKEEPER_CONFIG: "", WECHAT_APP_ID: "" }, hasConfigFile: false, examples: true }],
  ])("knows whether to run the examples when %s", (_case, { env, hasConfigFile, examples }) => {
    expect(readStartSettings(env, hasConfigFile).examples).toBe(examples);
  });

  it("tells a port that a person set from a default one", () => {
    const { ports } = readStartSettings({ DASHBOARD_PORT: "3010", SIMULATOR_PORT: "" }, false);

    expect(ports.dashboard).toMatchObject({ port: 3010, explicit: true });
    expect(ports.worker).toMatchObject({ port: 3011, explicit: false });
    expect(ports.simulator).toMatchObject({ port: 3012, explicit: false });
  });

  it.each([
    [{}, "nobody"],
    [{ DASHBOARD_PASSWORD: "", DASHBOARD_USERS: "" }, "nobody"],
    [{ DASHBOARD_USERS: "users.yaml" }, "file of users"],
    [{ DASHBOARD_PASSWORD: "correct horse", DASHBOARD_USERS: "users.yaml" }, "password"],
  ])("knows who may sign in with %o", (env, access) => {
    expect(readStartSettings(env, false).dashboardAccess).toBe(access);
  });

  it("names every variable that is wrong", () => {
    const env = { DASHBOARD_PORT: "http", WORKER_HEALTH_PORT: "70000" };

    expect(() => readStartSettings(env, false)).toThrow(/DASHBOARD_PORT[^]*WORKER_HEALTH_PORT/);
  });
});
