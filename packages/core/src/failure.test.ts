import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ERRCODES, FAILURE_CLASSES, WORD_CODES } from "./errcodes.ts";
import { describeFailure, errcodeRow, failureCode, failureOf, wordFailure } from "./failure.ts";

const RID = "rid: 5f3a1f0c-5c1f1f2b-0a1b2c3d";
const IP_REFUSAL = `invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist ${RID}`;

describe("failureOf", () => {
  it("keeps class, code, IP and request id", () => {
    expect(failureOf(40164, IP_REFUSAL, "token")).toEqual({
      class: "needs_person",
      code: 40164,
      ip: "203.0.113.7",
      rid: "5f3a1f0c-5c1f1f2b-0a1b2c3d",
    });
  });

  it("means by 40001 the secret on the token call and the parent on the ticket call", () => {
    expect(failureOf(40001, "", "token").class).toBe("permanent");
    expect(failureOf(40001, "", "ticket").class).toBe("stale_parent");
  });

  it("takes a code that is in no table as transient", () => {
    expect(failureOf(99999, "", "token")).toEqual({ class: "transient", code: 99999 });
  });

  it.each([
    ["2001:db8::7", "invalid ip 2001:db8::7, not in whitelist"],
    ["203.0.113.7", "invalid ip 203.0.113.7"],
  ])("finds the address %s", (ip, errmsg) => {
    expect(failureOf(40164, errmsg, "token").ip).toBe(ip);
  });

  it.each([
    "invalid ip 999.0.113.7, not in whitelist",
    "invalid ip 8.149.x.108 ipv6",
    "invalid ip ::::, not in whitelist",
    "invalid ip 203.0.113.7.evil.example, not in whitelist",
    "invalid ip deadbeef, not in whitelist",
    "invalid ip <b>203.0.113.7</b>, not in whitelist",
  ])("takes no address from %s", (errmsg) => {
    expect(failureOf(40164, errmsg, "token")).toEqual({ class: "needs_person", code: 40164 });
  });

  it.each([
    "rid: c0ffee00c0ffee00c0ffee00c0ffee00",
    "rid: 5f3a1f0c-5c1f1f2b",
    "rid: 5f3a1f0c-5c1f1f2b-0a1b2c3dCANARY",
    "rid: 5f3a1f0c-5c1f1f2b-0a1b2c3d-c0ffee00",
    "rid: <img src=x>",
  ])("takes no request id from %s", (errmsg) => {
    expect(failureOf(-1, errmsg, "token")).toEqual({ class: "transient", code: -1 });
  });
});

describe("failureCode", () => {
  it.each(["40164", "-1", ...WORD_CODES.map(({ code }) => code)])("gives back what was written as %s", (text) => {
    expect(String(failureCode(text))).toBe(text);
  });
});

describe("describeFailure", () => {
  it("says code, IP, request id, meaning and remedy in both languages in one line", () => {
    expect(describeFailure(failureOf(40164, IP_REFUSAL, "token"), "token")).toBe(
      "40164 · ip 203.0.113.7 · rid 5f3a1f0c-5c1f1f2b-0a1b2c3d" +
        " | IP 203.0.113.7 不在该账号的白名单中。在公众平台“基本配置”的 IP 白名单中加入 203.0.113.7，等待几分钟后点击重试" +
        " | The IP 203.0.113.7 is not on the account's whitelist." +
        " Add 203.0.113.7 to the IP whitelist in the WeChat console (基本配置), wait some minutes, then press retry",
    );
  });

  it("names a failure without a code by our word", () => {
    expect(describeFailure(wordFailure("no_reply"), "token")).toMatch(/^no_reply \| .+ \| The request was sent/);
  });

  it("says what to do about a code that is in no table", () => {
    expect(describeFailure(failureOf(99999, "", "token"), "token")).toMatch(/^99999 \| .+look the code up/);
  });

  it("holds nothing of a hostile text of WeChat's", () => {
    const hostile = fc.tuple(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "\n    at CANARY (file:///a.js:1:1)",
        "\r\n<script>CANARY</script>",
        "\u2028CANARY\u001B[31m",
        "invalid ip CANARY, rid: CANARY-CANARY-CANARY",
        "https://api.weixin.qq.com/cgi-bin/token?secret=CANARY",
      ),
      fc.constantFrom(-1, 40001, 40013, 40164, 45009, 61004, 99999),
    );
    fc.assert(
      fc.property(hostile, ([noise, attack, code]) => {
        const plain = describeFailure(failureOf(code, "", "token"), "token");
        expect(describeFailure(failureOf(code, `${noise}${attack}`, "token"), "token")).toBe(plain);
      }),
    );
  });
});

describe("the table of codes", () => {
  const rows = [...ERRCODES, ...WORD_CODES];

  it.each(rows.map((row) => [row.code, row.on, row] as const))("has a whole row for %s on %s", (_code, _on, row) => {
    expect(FAILURE_CLASSES).toContain(row.class);
    for (const text of [row.meaning, row.remedy]) {
      expect(text.en).toMatch(/^[A-Z][^\n|]+[^.\s]$/);
      expect(text.zh).toMatch(/^[^\n|]*\p{Script=Han}[^\n|]*[^。\s]$/u);
      expect(text.en.includes("{ip}")).toBe(text.zh.includes("{ip}"));
    }
    const scope = row.on === "ticket" ? "ticket" : "token";
    expect(errcodeRow(row.code, scope)).toBe(row);
    expect(describeFailure({ class: row.class, code: row.code as number }, scope)).not.toMatch(/[\n{}]/);
  });

  it("has each code once for each call", () => {
    const keys = rows.map(({ code, on }) => `${code} ${on}`);

    expect(new Set(keys).size).toBe(keys.length);
  });
});
