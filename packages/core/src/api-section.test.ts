import { describe, expect, it } from "vitest";
import { loadWorkerConfig, type WorkerConfig } from "./config.ts";
import { ConfigError, type Problem } from "./problems.ts";

const HASH = `sha256:${"0123456789abcdef".repeat(4)}`;
const OTHER_HASH = `sha256:${"fedcba9876543210".repeat(4)}`;
const KEY = "canary0canary0canary0canary0canary0canary00";
const KEY_KEYS = "name, hash, accounts, kinds, mayReport, sdkMargin, perMinute";
const ACCOUNT = '"*", or the name or appId of an account in this file';

const ACCOUNTS = [
  { name: "shop", type: "official-account", appId: "wx1234567890abcdef", secret: "c0ffee00c0ffee00c0ffee00c0ffee00" },
  { type: "mini-program", appId: "wxabcdef1234567890", secret: "decade00decade00decade00decade00" },
];
const ONE_KEY = { name: "java", hash: HASH, accounts: ["shop"], kinds: ["access_token"] };

function load(api: unknown): WorkerConfig {
  const bytes = new TextEncoder().encode(JSON.stringify({ accounts: ACCOUNTS, api }));
  return loadWorkerConfig({ REDIS_URL: "redis://127.0.0.1:6379" }, () => ({ bytes, mode: 0o400 }));
}

function refusal(api: unknown): ConfigError {
  try {
    load(api);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("the section was accepted");
}

function problemsIn(api: unknown): readonly Problem[] {
  const { message, problems } = refusal(api);
  expect(message).not.toContain("canary");
  return problems;
}

describe("the section api", () => {
  it("is off when it is not there", () => {
    expect(load(undefined)).not.toHaveProperty("api");
  });

  it("has one port, and keys that may do little unless they say more", () => {
    const { api, warnings } = load({ port: 3013, keys: [ONE_KEY] });

    expect(api).toEqual({
      host: "127.0.0.1",
      port: 3013,
      keys: [
        {
          name: "java",
          hash: HASH.slice(7),
          accounts: ["wx1234567890abcdef"],
          kinds: ["access_token"],
          mayReport: false,
          sdkMargin: 0,
          perMinute: 6_000,
        },
      ],
    });
    expect(warnings).toEqual([]);
  });

  it("takes everything that a key may say", () => {
    const key = { ...ONE_KEY, accounts: ["*"], mayReport: true, sdkMargin: "1500s", perMinute: 60 };

    const { api } = load({ host: "::1", port: 3013, keys: [key] });

    expect(api?.keys).toMatchObject([{ accounts: "all", mayReport: true, sdkMargin: 1_500_000, perMinute: 60 }]);
  });

  it("warns of an address that others reach, and of no keys", () => {
    expect(load({ host: "0.0.0.0", port: 3013 }).warnings).toEqual([
      "api.host: tokens and keys leave this machine unencrypted; put a TLS proxy in front, or keep to a private network",
      "api.keys: there is none, so every request is refused",
    ]);
  });

  it("has every problem of it reported at once", () => {
    const problems = problemsIn({
      port: 0,
      keys: [
        { ...ONE_KEY, hash: KEY, kinds: ["secret"] },
        { name: "php", accounts: ["nobody"], kinds: [] },
      ],
    });

    expect(problems.map(({ path }) => path).toSorted()).toEqual([
      "api.keys[0].hash",
      "api.keys[0].kinds[0]",
      "api.keys[1].accounts[0]",
      "api.keys[1].hash",
      "api.keys[1].kinds",
      "api.port",
    ]);
  });

  const withKey = (change: object): object => ({ port: 3013, keys: [{ ...ONE_KEY, ...change }] });
  const rows: [string, unknown, Problem][] = [
    ["a list", [], { path: "api", expected: "a mapping with port and keys", got: "a list" }],
    ["no port", { keys: [ONE_KEY] }, { path: "api.port", expected: "a port from 1 to 65535", got: "nothing" }],
    [
      "a host that is a name",
      { host: "api.example", port: 3013 },
      { path: "api.host", expected: "an IP address or localhost", got: '"api.example"' },
    ],
    [
      "a misspelt key",
      { prot: 3013 },
      { path: "api.prot", expected: "one of host, port, keys", got: 'the unknown key "prot"; did you mean port?' },
    ],
    [
      "a misspelt key of a key",
      withKey({ mayreport: true }),
      {
        path: "api.keys[0].mayreport",
        expected: `one of ${KEY_KEYS}`,
        got: 'the unknown key "mayreport"; did you mean mayReport?',
      },
    ],
    [
      "the key itself in place of its hash",
      withKey({ hash: KEY }),
      {
        path: "api.keys[0].hash",
        expected: "sha256: and 64 hex digits, as `pnpm api-key` prints them",
        got: "a value of 43 characters",
      },
    ],
    [
      "a misspelt account",
      withKey({ accounts: ["shp"] }),
      { path: "api.keys[0].accounts[0]", expected: ACCOUNT, got: '"shp"; did you mean shop?' },
    ],
    [
      "an account in another case",
      withKey({ accounts: ["wx1234567890ABCDEF"] }),
      {
        path: "api.keys[0].accounts[0]",
        expected: ACCOUNT,
        got: '"wx1234567890ABCDEF"; did you mean wx1234567890abcdef?',
      },
    ],
    [
      "the kind secret",
      withKey({ kinds: ["secret"] }),
      { path: "api.keys[0].kinds[0]", expected: "one of access_token, jsapi_ticket, wx_card_ticket", got: '"secret"' },
    ],
    [
      "a margin without a unit",
      withKey({ sdkMargin: "200" }),
      { path: "api.keys[0].sdkMargin", expected: "a duration from 0s to 60m, such as 200s", got: '"200"' },
    ],
    [
      "no requests at all",
      withKey({ perMinute: 0 }),
      { path: "api.keys[0].perMinute", expected: "a whole number from 1 to 1000000", got: "0" },
    ],
    [
      "two keys of one name",
      { port: 3013, keys: [ONE_KEY, { ...ONE_KEY, hash: OTHER_HASH }] },
      { path: "api.keys[1].name", expected: "a name that no other key has", got: "that of api.keys[0]" },
    ],
    [
      "two names of one key",
      { port: 3013, keys: [ONE_KEY, { ...ONE_KEY, name: "php" }] },
      { path: "api.keys[1].hash", expected: "a hash that no other key has", got: "that of api.keys[0]" },
    ],
  ];

  it.each(rows)("with %s gives one problem", (_case, section, problem) => {
    expect(problemsIn(section)).toEqual([problem]);
  });
});
