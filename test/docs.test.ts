import { describe, expect, it } from "vitest";
import { accountEntry, CONTROL_FIELDS, ERRCODES, FAILURE_CLASSES, SETTINGS, WORD_CODES } from "@tokenkeeper/core";
import * as contract from "@tokenkeeper/shared/contract";
import { STATES } from "../packages/dashboard/src/ops/row.ts";
import { STATE_WORDS } from "../packages/dashboard/src/ops/words.ts";
import { codeIn, readDocument, rowsUnder, tablesIn } from "./support/markdown.ts";

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
      [contract.quotaKey(account, "<date>")]: "quotaKey",
      [contract.pauseKey(account)]: "pauseKey",
      [contract.ROTATED_CHANNEL]: "ROTATED_CHANNEL",
      [contract.REPORTS_KEY]: "REPORTS_KEY",
      [contract.heartbeatKey("<worker>")]: "heartbeatKey",
      [contract.workerCredentialsKey("<worker>")]: "workerCredentialsKey",
      [contract.WORKERS_KEY]: "WORKERS_KEY",
      [contract.sessionKey("<hash>")]: "sessionKey",
      [contract.loginKeyPrefix("<limit>")]: "loginKeyPrefix",
      [contract.QUEUE_PREFIX]: "QUEUE_PREFIX",
    };

    const documented = rowsUnder(await read(), "Key").map(([key = "", name = ""]) => [...codeIn(key), ...codeIn(name)]);

    expect(Object.fromEntries(documented)).toEqual(known);
  });

  it("knows every key that the code can make", () => {
    const makers = Object.keys(contract).filter((name) => /(^|_)KEY$|Key$|KeyPrefix$|_CHANNEL$|_PREFIX$/.test(name));

    expect(makers.toSorted()).toEqual([
      "ACCOUNTS_KEY",
      "QUEUE_PREFIX",
      "REPORTS_KEY",
      "ROTATED_CHANNEL",
      "WORKERS_KEY",
      "controlKey",
      "heartbeatKey",
      "loginKeyPrefix",
      "pauseKey",
      "quotaKey",
      "recordKey",
      "sessionKey",
      "workerCredentialsKey",
    ]);
  });

  const entry = accountEntry({
    id: "wx1234567890abcdef",
    name: "shop",
    type: "official-account",
    secret: { reveal: () => "" },
    token: "stable",
    fallback: "stable",
    sandbox: false,
    kinds: ["access_token", "jsapi_ticket"],
  });

  it.each([
    ["Record field", contract.RECORD_FIELDS],
    ["Control field", CONTROL_FIELDS],
    ["Entry field", Object.keys(entry)],
  ])("documents every %s in both languages, and no other", async (heading, fields) => {
    const rows = rowsUnder(await read(), heading);

    expect(rows.flatMap(([name = ""]) => codeIn(name))).toEqual([...fields]);
    for (const [, form, english, chinese] of rows) {
      expect(form).not.toBe("");
      expect(english).toMatch(/^\w.{5}/);
      expect(chinese).toMatch(HAN);
    }
  });

  it("shows the accounts' entry, the read of a token and the schema as they are", async () => {
    const text = await read();

    expect(text).toContain(`\`${JSON.stringify(entry)}\``);
    expect(text).toContain(`HGET ${contract.recordKey({ account: entry.id, kind: "access_token" })} value`);
    const schema = rowsUnder(text, "Record field").find(([name]) => name === "`schema`");
    expect(schema?.[1]).toBe(`\`${contract.RECORD_SCHEMA}\``);
  });
});

describe("the settings in the READMEs", () => {
  it.each(["README.md", "README.zh-CN.md"])("are in a table of %s, each of the code's and no other", async (file) => {
    const firstCells = tablesIn(await readDocument(file)).flatMap((rows) => rows.map(([cell = ""]) => cell));
    const documented = firstCells.flatMap(codeIn).filter((name) => /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(name));

    expect(documented.toSorted()).toEqual(Object.keys(SETTINGS).toSorted());
  });
});
