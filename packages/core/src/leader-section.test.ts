import { describe, expect, it } from "vitest";
import { loadWorkerConfig, type WorkerConfig } from "./config.ts";
import { ConfigError, type Problem } from "./problems.ts";

const KEY = "canary-key-of-43-letters-0123456789-abcdef_";
const SECRET = "c0ffee00c0ffee00c0ffee00c0ffee00";
const APP_ID = "wx1234567890abcdef";
const ACCOUNT = { name: "shop", type: "official-account", appId: APP_ID };
const LEADER = { url: "https://tokens.example.com", key: KEY };

const URL_EXPECTED =
  "https://<host>, or http:// to this machine, to an address of a private network, or with allowHttp: true";
const KEY_EXPECTED = "a key of 43 letters, digits, - and _, as `pnpm api-key` prints it";

interface Written {
  readonly leader?: unknown;
  readonly accounts?: readonly object[];
}

function load({ leader = LEADER, accounts = [ACCOUNT] }: Written, files: Record<string, string> = {}): WorkerConfig {
  return loadWorkerConfig({ REDIS_URL: "redis://127.0.0.1" }, (path) => {
    const text = path === "tokenkeeper.yaml" ? JSON.stringify({ leader, accounts }) : files[path];
    if (text === undefined) throw new Error("ENOENT");
    return { bytes: new TextEncoder().encode(text), mode: path === "/run/open" ? 0o644 : 0o400 };
  });
}

function problemsIn(written: Written): readonly Problem[] {
  try {
    load(written);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (error.message.includes("canary")) throw new Error("a key is in the message", { cause: error });
    return error.problems;
  }
  throw new Error("the configuration was accepted");
}

describe("an account without a secret, where there is a leader", () => {
  it("follows it, and the key stands in a box", () => {
    const { accounts, warnings } = load({});

    expect(accounts).toMatchObject([{ id: APP_ID, name: "shop", leader: { origin: "https://tokens.example.com" } }]);
    expect([accounts[0]?.leader?.key.reveal(), accounts[0]?.secret.reveal()]).toEqual([KEY, ""]);
    expect(JSON.stringify(accounts)).not.toContain(KEY);
    expect(warnings).toEqual([]);
  });

  it("takes the key from a file, and a file that others may read is a warning", () => {
    const { accounts, warnings } = load(
      { leader: { url: LEADER.url, keyFile: "/run/open" } },
      { "/run/open": `${KEY}\n` },
    );

    expect([accounts[0]?.leader?.key.reveal(), accounts[0]?.secret.reveal()]).toEqual([KEY, ""]);
    expect(warnings).toEqual(["leader.keyFile: others may read this file; set its mode to 0400"]);
  });

  it("stands beside one that has its own secret and fetches by itself", () => {
    const own = { ...ACCOUNT, name: "own", appId: "wx00000000000000aa", secret: SECRET };

    const { accounts } = load({
      accounts: [ACCOUNT, { ...ACCOUNT, name: "second", appId: "wx00000000000000bb" }, own],
    });

    expect(accounts.map(({ leader }) => leader?.origin)).toEqual([LEADER.url, LEADER.url, undefined]);
    expect(accounts[2]?.secret.reveal()).toBe(SECRET);
  });

  it("is told of settings that have no effect on it", () => {
    const settings = { token: "classic", fallback: "never", sandbox: false, refreshEvery: "30m" };

    expect(load({ accounts: [{ ...ACCOUNT, ...settings }] }).warnings).toEqual(
      Object.keys(settings).map(
        (key) => `accounts[0].${key}: has no effect on an account that follows; its leader decides that`,
      ),
    );
  });

  it("is told when nobody follows", () => {
    expect(load({ accounts: [{ ...ACCOUNT, secret: SECRET }] }).warnings).toEqual([
      "leader: every account has its own secret, so none follows it",
    ]);
  });

  it.each([
    "https://tokens.example.com:8443",
    "http://127.0.0.1:3013",
    "http://localhost:3013",
    "http://[::1]:3013",
    "http://10.1.2.3:3013",
    "http://172.31.0.1:3013",
    "http://192.168.0.1:3013",
    "http://[fd00::1]:3013",
  ])("may follow %s", (url) => {
    expect(load({ leader: { ...LEADER, url } }).accounts[0]?.leader?.origin).toBe(url);
  });

  it("may follow another host by plain HTTP when somebody says so", () => {
    const leader = { ...LEADER, url: "http://worker:3013/", allowHttp: true };

    expect(load({ leader }).accounts[0]?.leader?.origin).toBe("http://worker:3013");
  });
});

describe("a leader that cannot be right", () => {
  const url = (value: string, got: string): [string, Written, Problem] => [
    value,
    { leader: { ...LEADER, url: value } },
    { path: "leader.url", expected: URL_EXPECTED, got },
  ];
  const rows: [string, Written, Problem][] = [
    url("http://tokens.example.com", '"http://tokens.example.com"'),
    url("http://172.32.0.1:3013", '"http://172.32.0.1:3013"'),
    url("ftp://127.0.0.1", '"ftp://127.0.0.1"'),
    url("tokens.example.com", "a value of 18 characters"),
    url("https://canary@tokens.example.com", '"https://tokens.example.com" with more than scheme, host and port'),
    url("https://tokens.example.com/v1", '"https://tokens.example.com" with more than scheme, host and port'),
    url("https://tokens.example.com?key=canary", '"https://tokens.example.com" with more than scheme, host and port'),
    [
      "a key that is too short",
      { leader: { ...LEADER, key: "canary" } },
      { path: "leader.key", expected: KEY_EXPECTED, got: "a value of 6 characters" },
    ],
    [
      "a number for a key",
      { leader: { ...LEADER, key: 12_345 } },
      { path: "leader.key", expected: KEY_EXPECTED, got: "a number" },
    ],
    ["no key", { leader: { url: LEADER.url } }, { path: "leader", expected: "either key or keyFile", got: "neither" }],
    [
      "two keys",
      { leader: { ...LEADER, keyFile: "/run/key" } },
      { path: "leader", expected: "either key or keyFile", got: "both" },
    ],
    [
      "a file that is not there",
      { leader: { url: LEADER.url, keyFile: "/run/absent" } },
      { path: "leader.keyFile", expected: "a file that can be read", got: '"/run/absent"' },
    ],
    [
      "a key where a file belongs",
      { leader: { url: LEADER.url, keyFile: KEY } },
      { path: "leader.keyFile", expected: "a file that can be read", got: "a text of 43 characters" },
    ],
    [
      "a text",
      { leader: KEY },
      { path: "leader", expected: "a mapping with url and key", got: "a text of 43 characters" },
    ],
    [
      "a key that does not exist",
      { leader: { ...LEADER, urll: "x" } },
      {
        path: "leader.urll",
        expected: "one of url, key, keyFile, allowHttp",
        got: 'the unknown key "urll"; did you mean url?',
      },
    ],
    [
      "PowerWeChat on an account that follows",
      { accounts: [{ ...ACCOUNT, mirror: ["wxjava", "powerwechat"] }] },
      {
        path: "accounts[0].mirror[1]",
        expected: "an account with a secret: PowerWeChat's keys are made of it",
        got: "an account that follows a leader",
      },
    ],
  ];

  it.each(rows)("%s", (_case, written, problem) => {
    expect(problemsIn(written)).toEqual([problem]);
  });

  it("does not hide what is wrong elsewhere", () => {
    const paths = problemsIn({ leader: { url: "http://example.com" }, accounts: [{ ...ACCOUNT, appId: "x" }] }).map(
      ({ path }) => path,
    );

    expect(paths).toEqual(["accounts[0].appId", "leader.url", "leader"]);
  });
});
