import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { loadWorkerConfig, type WorkerConfig } from "./config.ts";
import { ConfigError, type Problem } from "./problems.ts";

// The row numbers are those of the project's list of bad configuration input.

const SECRET = "c0ffee00c0ffee00c0ffee00c0ffee00";
const OTHER_SECRET = "decade00decade00decade00decade00";
const REDIS_PASSWORD = "canary-redis-password";
const APP_ID = "wx1234567890abcdef";
const CANARIES = [SECRET, OTHER_SECRET, REDIS_PASSWORD, SECRET.slice(0, 16), "canary"];

const BASE_ENV = { REDIS_URL: `redis://:${REDIS_PASSWORD}@127.0.0.1:6379` };

interface Input {
  /** The file's text or bytes. */
  readonly file?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly files?: Readonly<Record<string, { text: string; mode?: number }>>;
}

function load({ file, env = {}, files = {} }: Input): WorkerConfig {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  return loadWorkerConfig({ ...BASE_ENV, ...env }, (path) => {
    if (path === "tokenkeeper.yaml" && file !== undefined) {
      return { bytes: typeof file === "string" ? encode(file) : file, mode: 0o600 };
    }
    const found = files[path];
    if (!found) throw new Error(`ENOENT: no such file, open ${path}; canary`);
    return { bytes: encode(found.text), mode: found.mode ?? 0o400 };
  });
}

function refusal(input: Input): ConfigError {
  try {
    load(input);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("the configuration was accepted");
}

function problemsIn(input: Input): readonly Problem[] {
  const error = refusal(input);
  for (const canary of CANARIES) expect(error.message).not.toContain(canary);
  expect(error.message.split("\n")).toHaveLength(error.problems.length + 1);
  return error.problems;
}

/** One account as YAML, each given line in place of the usual one. */
function account(lines: Readonly<Record<string, string | undefined>> = {}): string {
  const all = { name: "shop", type: "official-account", appId: APP_ID, secret: SECRET, ...lines };
  const written = Object.entries(all).flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`]));
  return `  - ${written.join("\n    ")}\n`;
}

const file = (...accounts: string[]): string => `accounts:\n${accounts.join("")}`;
const APP_ID_EXPECTED = "wx and 16 letters or digits";
const SECRET_EXPECTED = "an AppSecret of 32 letters or digits";
const UNIQUE = "an appId and a name that no other account has";
const YAML = "YAML without duplicate keys or tags";
const ACCOUNT_KEYS = "name, type, appId, secret, secretFile, token, fallback, sandbox, refreshEvery, tickets, mirror";

describe("a configuration that cannot be right", () => {
  const second = (lines: Readonly<Record<string, string | undefined>>): string =>
    account({ name: "second", secret: OTHER_SECRET, ...lines });
  const oneAppId = (value: string, got: string): [Input, Problem] => [
    { file: file(account({ appId: value })) },
    { path: "accounts[0].appId", expected: APP_ID_EXPECTED, got },
  ];
  const oneSecret = (value: string, got: string): [Input, Problem] => [
    { file: file(account({ secret: value })) },
    { path: "accounts[0].secret", expected: SECRET_EXPECTED, got },
  ];
  const rows: [string, Input, Problem][] = [
    ["1 empty file", { file: "" }, { path: "the file", expected: "accounts", got: "an empty file" }],
    ["2 whitespace", { file: " \n\t\n " }, { path: "the file", expected: "accounts", got: "an empty file" }],
    [
      "4 invalid UTF-8",
      { file: Uint8Array.of(0x61, 0xff, 0xfe, 0x3a) },
      { path: "the file", expected: "text in UTF-8", got: "other bytes" },
    ],
    [
      "5 truncated JSON",
      { file: `{"accounts":[{"name":"shop","secret":"${SECRET}` },
      { path: "the file", expected: YAML, got: expect.stringMatching(/^a fault in line 1, column \d+$/) },
    ],
    [
      "5 truncated YAML",
      { file: file(account()).slice(0, -41) },
      { path: "accounts[0]", expected: "either secret or secretFile", got: "neither" },
    ],
    [
      "6 top level array",
      { file: account() },
      { path: "the file", expected: "a mapping with accounts", got: "a list" },
    ],
    ["7 null", { file: "null" }, { path: "the file", expected: "a mapping with accounts", got: "null" }],
    [
      "8 unknown top key",
      { file: `retries: 5\n${file(account())}` },
      { path: "retries", expected: "one of redis, accounts, api, leader", got: 'the unknown key "retries"' },
    ],
    [
      "8 misspelt top key",
      { file: file(account()).replace("accounts", "acounts") },
      {
        path: "acounts",
        expected: "one of redis, accounts, api, leader",
        got: 'the unknown key "acounts"; did you mean accounts?',
      },
    ],
    [
      "9 key with wrong case",
      { file: file(account({ appId: undefined, appID: APP_ID })) },
      {
        path: "accounts[0].appID",
        expected: `one of ${ACCOUNT_KEYS}`,
        got: 'the unknown key "appID"; did you mean appId?',
      },
    ],
    [
      "10 duplicate key",
      { file: file(account()) + `    secret: ${OTHER_SECRET}\n` },
      { path: "the file", expected: YAML, got: "a fault in line 6, column 5" },
    ],
    [
      "11 duplicate appid",
      { file: file(account(), second({})) },
      { path: "accounts[1]", expected: UNIQUE, got: `"${APP_ID}", as in accounts[0]` },
    ],
    [
      "12 same appid in another case",
      { file: file(account(), second({ appId: "wx1234567890ABCDEF" })) },
      { path: "accounts[1]", expected: UNIQUE, got: `"${APP_ID}", as in accounts[0]` },
    ],
    ["13 appid with trailing space", ...oneAppId(`"${APP_ID} "`, `"${APP_ID} "`)],
    ["14 appid of 15 digits", ...oneAppId("wx1234567890abcde", '"wx1234567890abcde"')],
    ["15 appid with CR/LF", ...oneAppId(`"${APP_ID}\\r\\n"`, `"${APP_ID}\\r\\n"`)],
    ["16 appid that is a path", ...oneAppId("../../etc", '"../../etc"')],
    ["17 appid __proto__", ...oneAppId("__proto__", '"__proto__"')],
    ["18 appid that breaks keys", ...oneAppId('"wx{12}:*67890abcd"', '"wx{12}:*67890abcd"')],
    ["19 full-width appid", ...oneAppId("wx1234567890abcd\uFF45f", '"wx1234567890abcd\uFF45f"')],
    ["19 appid with a hidden character", ...oneAppId("wx1234567890\u202Eabcd", '"wx1234567890\\u{202e}abcd"')],
    ["20 secret empty", ...oneSecret('""', "a value of 0 characters")],
    ["21 secret of 31", ...oneSecret(SECRET.slice(1), "a value of 31 characters")],
    ["21 secret of 33", ...oneSecret(`${SECRET}0`, "a value of 33 characters")],
    ["22 secret with newline in the file of accounts", ...oneSecret(`"${SECRET}\\n"`, "a value of 33 characters")],
    ["23 secret equal to appid", ...oneSecret(APP_ID, "a value of 18 characters")],
    [
      "23 secret in the appid's place",
      { file: file(account({ appId: OTHER_SECRET })) },
      { path: "accounts[0].appId", expected: APP_ID_EXPECTED, got: "a text of 32 characters" },
    ],
    ["25 secret changeme", ...oneSecret("changeme", "a value of 8 characters")],
    [
      "25 secret unresolved",
      { file: file(account({ secret: "${SHOP_SECRET}" })) },
      { path: "accounts[0].secret", expected: "the environment variable SHOP_SECRET to be set", got: "nothing" },
    ],
    [
      "25 secret itself in the braces",
      { file: file(account({ secret: `\${${SECRET}}` })) },
      { path: "accounts[0].secret", expected: "the name of an environment variable in ${ }", got: "nothing" },
    ],
    [
      "26 and 27 secretFile that cannot be read",
      { file: file(account({ secret: undefined, secretFile: "/run/secrets/shop" })) },
      { path: "accounts[0].secretFile", expected: "a file that can be read", got: '"/run/secrets/shop"' },
    ],
    [
      "26 secret itself as secretFile",
      { file: file(account({ secret: undefined, secretFile: SECRET })) },
      { path: "accounts[0].secretFile", expected: "a file that can be read", got: "a text of 32 characters" },
    ],
    [
      "26 configuration file that cannot be read",
      { env: { TOKENKEEPER_CONFIG: "/etc/tokenkeeper.yaml" } },
      {
        path: "TOKENKEEPER_CONFIG",
        expected: "a file that can be read (or WECHAT_APP_ID with WECHAT_APP_SECRET)",
        got: '"/etc/tokenkeeper.yaml"',
      },
    ],
    [
      "34 period out of range",
      { file: file(account({ refreshEvery: "0m" })) },
      { path: "accounts[0].refreshEvery", expected: "a duration from 1m to 60m, such as 30m", got: '"0m"' },
    ],
    [
      "34 period without a unit",
      { file: file(account({ refreshEvery: "30" })) },
      { path: "accounts[0].refreshEvery", expected: "a duration from 1m to 60m, such as 30m", got: "30" },
    ],
    [
      "40 function tag",
      { file: `accounts: !!js/function "function () { return '${SECRET}' }"` },
      { path: "the file", expected: YAML, got: "a fault in line 1, column 11" },
    ],
    [
      "40 alias bomb",
      {
        file: Array.from({ length: 12 }, (_, level) => {
          const items = Array.from({ length: 9 }, () => (level === 0 ? SECRET : `*l${level - 1}`));
          return `l${level}: &l${level} [${items.join(", ")}]`;
        }).join("\n"),
      },
      { path: "the file", expected: "YAML with at most 100 aliases", got: "more" },
    ],
    [
      "40 alias that holds itself",
      { file: "accounts: &all [*all, *all, *all, *all, *all, *all, *all, *all]" },
      { path: "the file", expected: "at most 8 levels", got: "more" },
    ],
    [
      "40 nesting of 200 levels",
      { file: `accounts: ${"[".repeat(200)}${"]".repeat(200)}` },
      { path: "the file", expected: "at most 8 levels", got: "more" },
    ],
    [
      "40 nesting of 100,000 levels",
      { file: `accounts: ${"[".repeat(100_000)}${"]".repeat(100_000)}` },
      { path: "the file", expected: YAML, got: expect.stringMatching(/^a fault in line 1, column \d+$/) },
    ],
    [
      "40 mappings as keys",
      { file: `? {${SECRET}: 1}\n: 1` },
      { path: "the file", expected: YAML, got: "a fault in line 1, column 3" },
    ],
    [
      "40 file of 33 MiB",
      { file: new Uint8Array(33 * 1024 * 1024).fill(0x23) },
      { path: "the file", expected: "at most 32 MiB", got: "34603008 bytes" },
    ],
  ];

  it.each(rows)("row %s gives one problem", (_row, input, problem) => {
    expect(problemsIn(input)).toEqual([problem]);
  });

  const more: [string, Input, Problem][] = [
    [
      "a type of a later version",
      { file: file(account({ type: "wecom" })) },
      {
        path: "accounts[0].type",
        expected: 'official-account or mini-program (wecom and component: "not supported yet")',
        got: '"wecom"',
      },
    ],
    [
      "a text in place of the accounts",
      { file: `accounts: ${SECRET}` },
      { path: "accounts", expected: "a list of accounts", got: "a text of 32 characters" },
    ],
    [
      "a missing space after a colon",
      { file: `accounts:\n  - secret:${SECRET}` },
      { path: "accounts[0]", expected: "a mapping with appId, type and secret", got: "a text of 39 characters" },
    ],
    [
      "a key that is a secret",
      { file: `${SECRET}: shop\n${file(account())}` },
      {
        path: "a text of 32 characters",
        expected: "one of redis, accounts, api, leader",
        got: "the unknown key a text of 32 characters",
      },
    ],
    [
      "a secret that YAML reads as a number",
      { file: file(account({ secret: "12345678901234567890123456789012" })) },
      { path: "accounts[0].secret", expected: "a text (in quotes when it has only digits)", got: "a number" },
    ],
    [
      "too many tickets",
      { file: file(account({ tickets: "[jsapi, jsapi, jsapi]" })) },
      { path: "accounts[0].tickets", expected: "at most 2 tickets", got: "a list" },
    ],
    [
      "tickets of a mini program",
      { file: file(account({ type: "mini-program", tickets: "[jsapi]" })) },
      {
        path: "accounts[0].tickets",
        expected: "no tickets for a mini program: WeChat gives tickets to official accounts only",
        got: "a list",
      },
    ],
    [
      "a mirror of an SDK that is not known",
      { file: file(account({ mirror: "[wxjva]" })) },
      {
        path: "accounts[0].mirror[0]",
        expected: "one of wxjava, silenceper, wechatpy, powerwechat",
        got: '"wxjva"; did you mean wxjava?',
      },
    ],
    ["no accounts", { file: "accounts: []" }, { path: "accounts", expected: "at least one account", got: "a list" }],
    [
      "the key __proto__",
      { file: file(account({ __proto__x: undefined })) + "    __proto__: {}\n" },
      { path: "accounts[0].__proto__", expected: `one of ${ACCOUNT_KEYS}`, got: 'the unknown key "__proto__"' },
    ],
    [
      "both a secret and a secretFile",
      { file: file(account({ secretFile: "/run/secrets/shop" })) },
      { path: "accounts[0]", expected: "either secret or secretFile", got: "both" },
    ],
    [
      "a Redis of another kind in the file",
      { file: `redis: http://:${REDIS_PASSWORD}@127.0.0.1\n${file(account())}`, env: { REDIS_URL: undefined } },
      { path: "redis", expected: "the URL of a Redis, redis:// or rediss://", got: "a value of 39 characters" },
    ],
    [
      "a Redis from a variable that is not set",
      { file: `redis: \${CACHE_URL}\n${file(account())}`, env: { REDIS_URL: undefined } },
      { path: "redis", expected: "the environment variable CACHE_URL to be set", got: "nothing" },
    ],
    [
      "no Redis at all",
      { file: file(account()), env: { REDIS_URL: "" } },
      { path: "REDIS_URL", expected: "the URL of a Redis, redis:// or rediss://", got: "nothing" },
    ],
    [
      "a single account without its secret",
      { env: { WECHAT_APP_ID: APP_ID } },
      { path: "WECHAT_APP_SECRET", expected: SECRET_EXPECTED, got: "nothing" },
    ],
    [
      "a single account beside a file",
      { env: { WECHAT_APP_ID: APP_ID, WECHAT_APP_SECRET: SECRET, TOKENKEEPER_CONFIG: "other.yaml" } },
      {
        path: "TOKENKEEPER_CONFIG",
        expected: "either a file of accounts or WECHAT_APP_ID with WECHAT_APP_SECRET",
        got: "both",
      },
    ],
    [
      "the whole file in the variable",
      { env: { TOKENKEEPER_CONFIG: file(account()) } },
      {
        path: "TOKENKEEPER_CONFIG",
        expected: "a file that can be read (or WECHAT_APP_ID with WECHAT_APP_SECRET)",
        got: expect.stringMatching(/^a text of \d+ characters$/),
      },
    ],
  ];

  it.each(more)("%s gives one problem", (_case, input, problem) => {
    expect(problemsIn(input)).toEqual([problem]);
  });
});

describe("WECHAT_API_BASE_URL", () => {
  const valid = { file: file(account()) };

  it.each([
    ["29", "http://api.weixin.qq.com"],
    ["30", "https://api.weixin.qq.com@evil.example"],
    ["30", "https://canary:canary@api.weixin.qq.com"],
    ["30", "https://api.weixin.qq.com\\@evil.example"],
    ["31", "https://api.weixin.qq.com.evil.example"],
    ["31", "https://api.weixin.qq.com:444"],
    ["31", "https://api.weixin.qq.com/cgi-bin/canary"],
    ["31", "https://api.weixin.qq.com/?canary=1"],
    ["32", "https://169.254.169.254"],
    ["32", "https://[::ffff:169.254.169.254]"],
    ["32", "https://2852039166"],
    ["32", "https://0x7f.1"],
    ["32", "http://127.1"],
    ["33", "file:///etc/passwd"],
    ["33", "redis://127.0.0.1"],
    ["33", "gopher://127.0.0.1"],
    ["33", "no URL"],
  ])("row %s refuses %s", (_row, url) => {
    const problems = problemsIn({ ...valid, env: { WECHAT_API_BASE_URL: url } });

    expect(problems).toEqual([
      {
        path: "WECHAT_API_BASE_URL",
        expected: expect.stringContaining("https://api.weixin.qq.com"),
        got: expect.stringMatching(/^".+"( with more than scheme, host and port)?$/),
      },
    ]);
  });

  it.each([
    ["https://api.weixin.qq.com/", "https://api.weixin.qq.com"],
    ["https://sh.api.weixin.qq.com", "https://sh.api.weixin.qq.com"],
    ["http://127.0.0.1:3012", "http://127.0.0.1:3012"],
    ["http://localhost:3012", "http://localhost:3012"],
  ])("accepts %s", (url, origin) => {
    expect(load({ ...valid, env: { WECHAT_API_BASE_URL: url } }).apiOrigin).toBe(origin);
  });

  it("accepts another host only when it is allowed by its whole name, and over https", () => {
    const through = (url: string, allowed: string): Input => ({
      ...valid,
      env: { WECHAT_API_BASE_URL: url, TOKENKEEPER_ALLOW_API_HOST: allowed },
    });

    expect(load(through("https://proxy.example:8443", "proxy.example:8443")).apiOrigin).toBe(
      "https://proxy.example:8443",
    );
    expect(problemsIn(through("https://proxy.example:8443", "proxy.example"))).toHaveLength(1);
    expect(problemsIn(through("http://proxy.example", "proxy.example"))).toHaveLength(1);
    expect(problemsIn(through("https://a.proxy.example", "proxy.example"))).toHaveLength(1);
  });
});

describe("a configuration that is accepted", () => {
  it("row 3 with a byte order mark", () => {
    const { accounts, warnings } = load({ file: `\uFEFF${file(account())}` });

    expect(accounts).toMatchObject([{ id: APP_ID, name: "shop", token: "stable", kinds: ["access_token"] }]);
    expect(warnings).toEqual([]);
  });

  it("row 22 with a newline at the end of the secret's file", () => {
    const { accounts, warnings } = load({
      file: file(account({ secret: undefined, secretFile: "/run/secrets/shop" })),
      files: { "/run/secrets/shop": { text: `${SECRET}\n` } },
    });

    expect(accounts[0]?.secret.reveal()).toBe(SECRET);
    expect(warnings).toEqual([]);
  });

  it("row 24 with one secret for two accounts, and warns", () => {
    const other = account({ name: "second", appId: "wx1234567890abcd00" });

    const { warnings } = load({ file: file(account(), other) });

    expect(warnings).toEqual(["second has the same secret as shop; every account has its own"]);
  });

  it("row 28 with a secret's file that others may read, and warns", () => {
    const { warnings } = load({
      file: file(account({ secret: undefined, secretFile: "/run/secrets/shop" })),
      files: { "/run/secrets/shop": { text: SECRET, mode: 0o100644 } },
    });

    expect(warnings).toEqual(["accounts[0].secretFile: others may read this file; set its mode to 0400"]);
  });

  it("row 40 with 10,001 accounts", () => {
    const accounts = Array.from({ length: 10_001 }, (_, index) => ({
      name: `shop ${index}`,
      type: "mini-program",
      appId: `wx${String(index).padStart(16, "0")}`,
      secret: String(index).padStart(32, "0"),
    }));

    const config = load({ file: JSON.stringify({ accounts }) });

    expect(config.accounts).toHaveLength(10_001);
    expect(config.warnings).toEqual([]);
  }, 30_000);

  it("as JSON, with every key, and with references in it", () => {
    const written = {
      redis: "${CACHE_URL}",
      accounts: [
        {
          name: "商城 1",
          type: "official-account",
          appId: APP_ID,
          secret: "${SHOP_SECRET}",
          token: "classic",
          fallback: "never",
          sandbox: true,
          refreshEvery: "90s",
          tickets: ["wx_card", "jsapi"],
          mirror: ["wechatpy", { sdk: "wxjava", prefix: "shop" }],
        },
      ],
    };

    const config = load({
      file: JSON.stringify(written),
      env: { REDIS_URL: undefined, CACHE_URL: "rediss://cache.example", SHOP_SECRET: SECRET },
    });

    expect(config.redisUrl).toBe("rediss://cache.example");
    expect(config.accounts).toMatchObject([
      {
        id: APP_ID,
        name: "商城 1",
        type: "official-account",
        token: "classic",
        fallback: "never",
        sandbox: true,
        refreshEvery: 90_000,
        kinds: ["access_token", "wx_card_ticket", "jsapi_ticket"],
        mirrors: [
          { sdk: "wechatpy", prefix: "wechatpy" },
          { sdk: "wxjava", prefix: "shop" },
        ],
      },
    ]);
    expect(config.accounts[0]?.secret.reveal()).toBe(SECRET);
  });

  it("from two variables alone, for one account", () => {
    const { accounts } = load({ env: { WECHAT_APP_ID: APP_ID, WECHAT_APP_SECRET: SECRET } });

    expect(accounts).toMatchObject([{ id: APP_ID, name: APP_ID, type: "official-account" }]);
  });

  it("and shows no secret when it is printed", () => {
    const { accounts } = load({ file: file(account()) });

    expect(`${JSON.stringify(accounts)} ${inspect(accounts, { depth: null, showHidden: true })}`).not.toContain(SECRET);
  });
});

describe("problems of several places", () => {
  it("are reported all at once", () => {
    const input: Input = {
      file: `redis: 5\n${file(
        account({ type: "officialaccount", secret: "${SHOP_SECRET}" }),
        account({ name: "second", appId: "wx12", secret: OTHER_SECRET.slice(1) }),
        account({ name: "second", appId: "wx1234567890abcd02", tickets: "[jsapi, card]" }),
      )}`,
      env: {
        REDIS_URL: undefined,
        WECHAT_API_BASE_URL: "http://evil.example",
        WORKER_HEALTH_PORT: "70000",
        LOG_LEVEL: "loud",
        TOKENKEEPER_TIME_SCALE: "zero",
      },
    };

    const paths = problemsIn(input).map(({ path }) => path);

    expect(paths.toSorted()).toEqual([
      "LOG_LEVEL",
      "TOKENKEEPER_TIME_SCALE",
      "WECHAT_API_BASE_URL",
      "WORKER_HEALTH_PORT",
      "accounts[0].secret",
      "accounts[0].type",
      "accounts[1].appId",
      "accounts[1].secret",
      "accounts[2]",
      "accounts[2].tickets[1]",
      "redis",
    ]);
  });

  it("read as sentences with place, expected and got", () => {
    const error = refusal({ file: file(account({ appId: "wx12", token: "newest" })) });

    expect(error.message).toBe(
      [
        "The configuration has 2 problems:",
        '  accounts[0].appId: expected wx and 16 letters or digits, got "wx12"',
        '  accounts[0].token: expected stable or classic, got "newest"',
      ].join("\n"),
    );
  });

  it.each([
    ["AppID", "appId"],
    ["secret_file", "secretFile"],
    ["ticket", "tickets"],
    ["refresh-every", "refreshEvery"],
    ["mirrors", "mirror"],
    ["SANDBOX", "sandbox"],
  ])("the unknown key %s is near to %s", (written, known) => {
    const [problem] = problemsIn({ file: file(account({ [written]: "1" })) });

    expect(problem?.got).toBe(`the unknown key "${written}"; did you mean ${known}?`);
  });
});
