import { describe, expect, it } from "vitest";
import {
  accountEntry,
  CONTROL_FIELDS,
  ERRCODES,
  FAILURE_CLASSES,
  loadWorkerConfig,
  MIRROR_SDKS,
  REPORT_RESULTS,
  SETTINGS,
  WORD_CODES,
  type Account,
} from "@tokenkeeper/core";
import * as contract from "@tokenkeeper/shared/contract";
import { beginning, ending, SLO_FIELDS, STATES, STATE_WORDS, type MetricTable } from "@tokenkeeper/ops";
import { DASHBOARD_METRICS } from "../packages/dashboard/src/metrics/dashboard-metrics.ts";
import { WORKER_METRICS } from "../packages/worker/src/metrics/worker-metrics.ts";
import { knownKeysAt } from "../packages/core/src/accounts-schema.ts";
import { credentialAnswer } from "../packages/worker/src/api/answers.ts";
import { REFUSALS } from "../packages/worker/src/api/refusal.ts";
import { MIRROR_FORMS } from "../packages/worker/src/mirrors/forms.ts";
import { blockOf, codeIn, readDocument, rowsUnder, tablesIn } from "./support/markdown.ts";

const HAN = /\p{Script=Han}/u;

describe("docs/errors.md", () => {
  it("has the rows of the code's table of errors, no more and no fewer, in both languages", async () => {
    const documented = rowsUnder(await readDocument("docs/errors.md"), "Code");

    const known = [...ERRCODES, ...WORD_CODES].map((row) => [
      String(row.code),
      row.on,
      row.class,
      `${row.meaning.en}<br>${row.meaning.zh}`,
      `${row.remedy.en}<br>${row.remedy.zh}`,
    ]);
    expect(documented).toEqual(known);
  });

  it("says of every class what happens next", async () => {
    const rows = rowsUnder(await readDocument("docs/errors.md"), "Class");

    expect(rows.map(([name]) => name)).toEqual([...FAILURE_CLASSES]);
    for (const [, english, chinese] of rows) {
      expect(english).toMatch(/^\w.{5}/);
      expect(chinese).toMatch(HAN);
    }
  });
});

describe("docs/dashboard.md", () => {
  it("explains every state of the pages in their own words, the worst first", async () => {
    const documented = rowsUnder(await readDocument("docs/dashboard.md"), "State");

    const known = STATES.map((state) => {
      const { word, sentence } = STATE_WORDS[state];
      return [`\`${state}\``, `${word.en}<br>${word.zh}`, `${sentence.en}<br>${sentence.zh}`];
    });
    expect(documented).toEqual(known);
  });
});

describe("docs/key-contract.md", () => {
  const read = (): Promise<string> => readDocument("docs/key-contract.md");

  it("documents every key of the code, and no other", async () => {
    const account = "<account>";
    const kind = "<kind>" as contract.CredentialKind;
    const known = {
      [contract.recordKey({ account, kind })]: "recordKey",
      [contract.ACCOUNTS_KEY]: "ACCOUNTS_KEY",
      [contract.controlKey({ account, kind })]: "controlKey",
      [contract.reportersKey({ account, kind })]: "reportersKey",
      [contract.quotaKey(account, "<date>")]: "quotaKey",
      [contract.pauseKey(account)]: "pauseKey",
      [contract.ROTATED_CHANNEL]: "ROTATED_CHANNEL",
      [contract.REPORTS_KEY]: "REPORTS_KEY",
      [contract.heartbeatKey("<worker>")]: "heartbeatKey",
      [contract.workerCredentialsKey("<worker>")]: "workerCredentialsKey",
      [contract.workerNamesKey("<worker>")]: "workerNamesKey",
      [contract.WORKERS_KEY]: "WORKERS_KEY",
      [contract.sessionKey("<hash>")]: "sessionKey",
      [contract.userSessionsKey("<user>")]: "userSessionsKey",
      [contract.auditKey("<trail>")]: "auditKey",
      [contract.loginKeyPrefix("<limit>")]: "loginKeyPrefix",
      [contract.givenKey("<sha256>")]: "givenKey",
      [contract.usageKey("<date>")]: "usageKey",
      [contract.FOLLOWERS_KEY]: "FOLLOWERS_KEY",
      [contract.INCIDENTS_KEY]: "INCIDENTS_KEY",
      [contract.watchKey("<purpose>")]: "watchKey",
      [contract.sloKey("<date>")]: "sloKey",
      [contract.QUEUE_PREFIX]: "QUEUE_PREFIX",
    };

    const documented = rowsUnder(await read(), "Key").map(([key = "", name = ""]) => [...codeIn(key), ...codeIn(name)]);

    expect(Object.fromEntries(documented)).toEqual(known);
  });

  it("knows every key that the code can make", () => {
    const makers = Object.keys(contract).filter((name) => /(^|_)KEY$|Key$|KeyPrefix$|_CHANNEL$|_PREFIX$/.test(name));

    expect(makers.toSorted()).toEqual([
      "ACCOUNTS_KEY",
      "FOLLOWERS_KEY",
      "INCIDENTS_KEY",
      "QUEUE_PREFIX",
      "REPORTS_KEY",
      "ROTATED_CHANNEL",
      "WORKERS_KEY",
      "auditKey",
      "controlKey",
      "givenKey",
      "heartbeatKey",
      "loginKeyPrefix",
      "pauseKey",
      "quotaKey",
      "recordKey",
      "reportersKey",
      "sessionKey",
      "sloKey",
      "usageKey",
      "userSessionsKey",
      "watchKey",
      "workerCredentialsKey",
      "workerNamesKey",
    ]);
  });

  const account: Account = {
    id: "wx1234567890abcdef",
    name: "shop",
    type: "official-account",
    secret: { reveal: () => "" },
    token: "stable",
    fallback: "stable",
    sandbox: false,
    mirrors: [],
    kinds: ["access_token", "jsapi_ticket"],
  };
  const entry = accountEntry(account);
  const following = accountEntry({ ...account, leader: { origin: "https://tokens.example.com", key: account.secret } });

  it.each([
    ["Record field", contract.RECORD_FIELDS],
    ["Control field", CONTROL_FIELDS],
    ["Entry field", Object.keys(following)],
    ["SLO field", SLO_FIELDS],
    ["Audit field", [...new Set([...Object.keys(beginning.shape), ...Object.keys(ending.shape)])]],
  ])("documents every %s in both languages, and no other", async (heading, fields) => {
    const rows = rowsUnder(await read(), heading);

    expect(rows.flatMap(([name = ""]) => codeIn(name))).toEqual([...fields]);
    for (const [, form, english, chinese] of rows) {
      expect(form).not.toBe("");
      expect(english).toMatch(/^\w.{5}/);
      expect(chinese).toMatch(HAN);
    }
  });

  it("has every result of a report, in both languages", async () => {
    const rows = rowsUnder(await read(), "Result");

    expect(rows.flatMap(([name = ""]) => codeIn(name))).toEqual([...REPORT_RESULTS]);
    for (const [, , chinese] of rows) expect(chinese).toMatch(HAN);
  });

  it("shows the accounts' entry, the read of a token and the schema as they are", async () => {
    const text = await read();

    expect(text).toContain(`\`${JSON.stringify(entry)}\``);
    expect(text).toContain(`HGET ${contract.recordKey({ account: entry.id, kind: "access_token" })} value`);
    const schema = rowsUnder(text, "Record field").find(([name]) => name === "`schema`");
    expect(schema?.[1]).toBe(`\`${contract.RECORD_SCHEMA}\``);
  });
});

describe("docs/metrics.md", () => {
  it.each<[string, MetricTable]>([
    ["worker", WORKER_METRICS],
    ["dashboard", DASHBOARD_METRICS],
  ])("has every metric of the %s with its type, labels and meaning, in both languages", async (process, table) => {
    const documented = rowsUnder(await readDocument("docs/metrics.md"), `Metric of the ${process}`);

    const known = Object.entries(table).map(([name, { type, labels, help }]) => [
      `\`${name}\``,
      type,
      labels.map((label) => `\`${label}\``).join(", "),
      help,
    ]);
    expect(documented.map((cells) => cells.slice(0, 4))).toEqual(known);
    for (const [, , , , chinese] of documented) expect(chinese).toMatch(HAN);
  });
});

describe("docs/http-api.md", () => {
  const read = (): Promise<string> => readDocument("docs/http-api.md");

  it("has every error of the API with its status, and no other", async () => {
    const rows = rowsUnder(await read(), "Error").map(([word = "", status = ""]) => [codeIn(word)[0], Number(status)]);

    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(Object.entries(REFUSALS).map(([word, { status }]) => [word, status])),
    );
  });

  it.each(["`api.keys` 的键", "Key of `api.keys`"])("has every key of a key under %s", async (heading) => {
    const rows = rowsUnder(await read(), heading).flatMap(([name = ""]) => codeIn(name));

    expect(rows).toEqual(knownKeysAt(["api", "keys", 0]));
  });

  it("names every field of the answer, in both languages", async () => {
    const [, chinese = "", english = ""] = (await read()).split(/^## /m);

    for (const field of ["value", "expiresInSeconds", "version", "fingerprint", "issuedSecondsAgo", "keepForSeconds"]) {
      expect(Object.keys(credentialAnswer.shape)).toContain(field);
      for (const text of [chinese, english]) expect(text).toContain(`\`${field}\``);
    }
  });

  it("shows a configuration that the worker accepts", async () => {
    const bytes = new TextEncoder().encode(blockOf(await read(), "yaml"));
    const env = { REDIS_URL: "redis://127.0.0.1:6379", SHOP_SECRET: "0123456789abcdef0123456789abcdef" };

    const { api, warnings } = loadWorkerConfig(env, () => ({ bytes, mode: 0o400 }));

    expect(api).toMatchObject({ port: 3013, keys: [{ name: "orders-java", accounts: ["wx1234567890abcdef"] }] });
    expect(warnings).toEqual([]);
  });
});

describe("docs/follower.md", () => {
  const read = (): Promise<string> => readDocument("docs/follower.md");

  it.each(["`leader` 的键", "Key of `leader`"])("has every key of the section under %s", async (heading) => {
    const rows = rowsUnder(await read(), heading).flatMap(([name = ""]) => codeIn(name).slice(0, 1));

    expect(rows).toEqual(knownKeysAt(["leader"]));
  });

  it("shows configurations that both workers accept, the follower's without a secret", async () => {
    const blocks = [...(await read()).matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => code);
    const env = {
      REDIS_URL: "redis://127.0.0.1:6379",
      SHOP_SECRET: "0123456789abcdef0123456789abcdef",
      LEADER_KEY: "0123456789abcdef0123456789abcdef-_012345678",
    };

    const [leader, follower, ...others] = blocks.map((block) =>
      loadWorkerConfig(env, () => ({ bytes: new TextEncoder().encode(block), mode: 0o400 })),
    );

    expect(others).toEqual([]);
    expect(leader?.api?.keys).toMatchObject([{ name: "staging", accounts: "all", mayReport: true }]);
    expect(follower?.accounts).toMatchObject([
      { id: leader?.accounts[0]?.id, leader: { origin: "https://tokens.example.com" } },
    ]);
    expect([leader?.warnings, follower?.warnings]).toEqual([[], []]);
  });

  it("names the words of every failure, in both languages", async () => {
    const [, chinese = "", english = ""] = (await read()).split(/^## /m);

    for (const { code } of WORD_CODES.filter((row) => row.code.startsWith("leader_"))) {
      for (const text of [chinese, english]) expect(text).toContain(`\`${code}\``);
    }
  });
});

describe("the settings in the READMEs", () => {
  it.each(["README.md", "README.zh-CN.md"])("are in a table of %s, each of the code's and no other", async (file) => {
    const firstCells = tablesIn(await readDocument(file)).flatMap((rows) => rows.map(([cell = ""]) => cell));
    const documented = firstCells.flatMap(codeIn).filter((name) => /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(name));

    expect(documented.toSorted()).toEqual(Object.keys(SETTINGS).toSorted());
  });
});

/** An account of each type as the worker takes it from a file with every mirror. */
function mirroredAccounts(): readonly Account[] {
  const written = ["official-account", "mini-program"].map((type, index) => ({
    type,
    appId: `wx000000000000000${index}`,
    secret: String(index).repeat(32),
    tickets: type === "official-account" ? ["jsapi", "wx_card"] : [],
    mirror: MIRROR_SDKS,
  }));
  const bytes = new TextEncoder().encode(JSON.stringify({ redis: "redis://127.0.0.1", accounts: written }));
  return loadWorkerConfig({}, () => ({ bytes, mode: 0o400 })).accounts;
}

describe("the mirrors in docs/key-contract.md", () => {
  it("have the keys and values of the code, no more and no fewer", async () => {
    const documented = rowsUnder(await readDocument("docs/key-contract.md"), "Mirror");

    const record = { value: "<value>", issuedAt: 1_700_000_000_000, expiresAt: 1_700_007_200_000 };
    const generic = (key: string, { id }: Account): string =>
      key.replace(id, "<account>").replace(/\b[0-9a-f]{32}\b/, "<md5>");
    const known = MIRROR_SDKS.flatMap((sdk, index) =>
      mirroredAccounts().flatMap((account) =>
        account.kinds.flatMap((kind) =>
          MIRROR_FORMS[sdk]({ account, kind, record }, account.mirrors[index]?.prefix ?? "").map(({ key, value }) => [
            `\`${sdk}\``,
            account.type,
            `\`${kind}\``,
            `\`${generic(key, account)}\``,
            value === undefined ? "absent · 不存在" : `\`${value}\``,
          ]),
        ),
      ),
    );
    expect(documented).toEqual(known);
  });
});

describe("docs/sdk-mirrors.md", () => {
  it("has a row for every SDK, with its default prefixes", async () => {
    const rows = rowsUnder(await readDocument("docs/sdk-mirrors.md"), "`mirror`");

    const accounts = mirroredAccounts();
    const prefixes = MIRROR_SDKS.map((sdk, index) => [
      sdk,
      ...accounts.map(({ mirrors }) => mirrors[index]?.prefix).filter((prefix) => prefix !== ""),
    ]);
    expect(rows.map(([name = "", , , official = "", mini = ""]) => [name, official, mini].flatMap(codeIn))).toEqual(
      prefixes,
    );
  });

  it("shows a configuration that the worker accepts, and leads to the pages of the SDKs in both languages", async () => {
    const text = await readDocument("docs/sdk-mirrors.md");
    const bytes = new TextEncoder().encode(blockOf(text, "yaml"));
    const env = { REDIS_URL: "redis://127.0.0.1:6379", SHOP_SECRET: "0123456789abcdef0123456789abcdef" };

    const { accounts } = loadWorkerConfig(env, () => ({ bytes, mode: 0o400 }));

    expect(accounts[0]?.mirrors).toEqual([
      { sdk: "silenceper", prefix: "gowechat_officialaccount_" },
      { sdk: "wxjava", prefix: "wx:mp:multi" },
    ]);
    const [chinese = "", english = ""] = text.split("\n## English\n");
    for (const sdk of MIRROR_SDKS) {
      for (const part of [chinese, english]) expect(part).toContain(`(sdk/${sdk}.md)`);
    }
  });
});
