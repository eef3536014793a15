import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errcodeIn, parseBody, readFetch, type FetchReply } from "./reply.ts";

const TOKEN = { valueField: "access_token", scope: "token" } as const;
const CANARY = "canary-5ecret-t0ken";

const malformed = { type: "failure", failure: { class: "unknown_outcome", code: "malformed" } };
const absurd = { type: "failure", failure: { class: "malformed", code: "absurd" } };
const value = (text: string, lifeMs = 7_200_000): FetchReply => ({ type: "value", value: text, lifeMs });

describe("parseBody", () => {
  it.each([
    ["an object", '{"access_token":"abc","expires_in":7200}'],
    ["an object after a byte order mark", '\uFEFF{"access_token":"abc","expires_in":7200}'],
    ["an object with space around it", '\n {"access_token":"abc","expires_in":7200} \r\n'],
    [
      "an object with the key twice: the last one counts",
      '{"access_token":"old","access_token":"abc","expires_in":7200}',
    ],
  ])("reads %s", (_what, text) => {
    expect(parseBody(text)).toEqual({ type: "body", body: { access_token: "abc", expires_in: 7200 } });
  });

  it.each([
    ["nothing", ""],
    ["space", "  \n"],
    ["a truncated object", `{"access_token":"${CANARY}`],
    ["an object with more behind it", `{"access_token":"${CANARY}"}{}`],
    ["a page", `<html><body>502 Bad Gateway ${CANARY}</body></html>`],
    ["an array", `["${CANARY}"]`],
    ["null", "null"],
    ["a number", "7200"],
    ["a string", `"${CANARY}"`],
    ["a word that is no JSON", "NaN"],
    ["a not-a-number inside", '{"access_token":"a","expires_in":NaN}'],
    ["compressed bytes", "\u001F\uFFFD\b\u0000\u0000"],
  ])("calls %s malformed, without a word of it", (_what, text) => {
    expect(parseBody(text)).toEqual(malformed);
  });
});

describe("errcodeIn", () => {
  it.each<[string, Record<string, unknown>, number]>([
    ["none is success", { access_token: "a" }, 0],
    ["zero is success", { errcode: 0 }, 0],
    ["a number is itself", { errcode: 40001 }, 40001],
    ["digits are a number", { errcode: "40164" }, 40164],
    ["busy is negative", { errcode: -1 }, -1],
  ])("%s", (_sentence, body, expected) => {
    expect(errcodeIn(body)).toBe(expected);
  });
});

describe("readFetch", () => {
  it.each<[string, unknown, number]>([
    ["whole seconds", 7200, 7_200_000],
    ["digits in quotes", "7200", 7_200_000],
    ["a short life", 30, 30_000],
    ["the shortest life", 1, 1_000],
    ["a fraction, cut down", 7199.9, 7_199_000],
    ["a fraction above what WeChat gives", 7200.9, 7_200_000],
    ["far more than WeChat gives, cut down", 1e12, 7_200_000],
  ])("takes expires_in as %s", (_what, expiresIn, lifeMs) => {
    expect(readFetch({ access_token: "abc", expires_in: expiresIn }, TOKEN)).toEqual(value("abc", lifeMs));
  });

  it.each<[string, unknown]>([
    ["missing", undefined],
    ["null", null],
    ["0", 0],
    ["-1", -1],
    ["less than a second", 0.5],
    ["not a number", Number.NaN],
    ["infinite", Number.POSITIVE_INFINITY],
    ["an empty string", ""],
    ["words", "two hours"],
    ["a negative number in quotes", "-7200"],
    ["zero in quotes", "0"],
    ["hexadecimal", "0x1c20"],
    ["true", true],
    ["an array", [7200]],
    ["an object", { seconds: 7200 }],
  ])("calls a reply absurd whose expires_in is %s", (_what, expiresIn) => {
    expect(readFetch({ access_token: "abc", expires_in: expiresIn }, TOKEN)).toEqual(absurd);
  });

  it.each<[string, string]>([
    ["512 characters", "a".repeat(512)],
    ["1,024 characters with the signs that URLs change", `${"aB9+/%|=-_".repeat(102)}+/%|`],
    ["2,048 characters", "z".repeat(2_048)],
    ["one character", "!"],
  ])("keeps a token of %s as it is", (_what, token) => {
    expect(readFetch({ access_token: token, expires_in: 7200 }, TOKEN)).toEqual(value(token));
  });

  it.each<[string, unknown]>([
    ["is missing", undefined],
    ["is empty", ""],
    ["is a number", 12345],
    ["is null", null],
    ["is an array", ["abc"]],
    ["has a space", "abc def"],
    ["has a line's end", "abc\n"],
    ["has a line's end in the middle", "abc\r\nset-cookie: a"],
    ["has a control character", "abc\u0000"],
    ["has a letter outside ASCII", "abcé"],
    ["is longer than 2,048 characters", "a".repeat(2_049)],
  ])("calls a reply absurd whose token %s", (_what, token) => {
    expect(readFetch({ access_token: token, expires_in: 7200 }, TOKEN)).toEqual(absurd);
  });

  it("reads a ticket from its own field, with success spelt out", () => {
    const body = { errcode: 0, errmsg: "ok", ticket: "sM4AOVdWfPE4", expires_in: 7200, access_token: "not this" };

    expect(readFetch(body, { valueField: "ticket", scope: "ticket" })).toEqual(value("sM4AOVdWfPE4"));
  });

  it("takes an errcode before a token beside it", () => {
    const body = { errcode: 40164, errmsg: "", access_token: "abc", expires_in: 7200 };

    expect(readFetch(body, TOKEN)).toEqual({ type: "failure", failure: { class: "needs_person", code: 40164 } });
  });

  it("means another thing by 40001 on a ticket call than on a token call", () => {
    const classOf = (scope: "token" | "ticket"): unknown =>
      readFetch({ errcode: 40001 }, { valueField: "ticket", scope });

    expect(classOf("token")).toMatchObject({ failure: { class: "permanent" } });
    expect(classOf("ticket")).toMatchObject({ failure: { class: "stale_parent" } });
  });

  it("keeps the address and the request id of a refusal", () => {
    const errmsg = "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 65a1b2c3-0f1e2d3c-4b5a6978";

    expect(readFetch({ errcode: 40164, errmsg }, TOKEN)).toEqual({
      type: "failure",
      failure: { class: "needs_person", code: 40164, ip: "203.0.113.7", rid: "65a1b2c3-0f1e2d3c-4b5a6978" },
    });
  });

  it.each<[string, unknown]>([
    ["a script", `<script>alert("${CANARY}")</script>`],
    ["a token", `access_token ${CANARY} is invalid rid: ${CANARY}`],
    ["an address that is none", `invalid ip ${CANARY}, rid: ../../etc/passwd`],
    ["a megabyte", CANARY.repeat(50_000)],
    ["lines", `a\nb\r\n${CANARY}\u001B[31m`],
    ["an object", { toString: CANARY }],
    ["a number", 12345],
  ])("passes nothing on of an errmsg that is %s", (_what, errmsg) => {
    const reply = readFetch({ errcode: -1, errmsg }, TOKEN);

    expect(reply).toEqual({ type: "failure", failure: { class: "transient", code: -1 } });
  });

  it("takes any printable token with any life and gives between 1 s and 7,200 s", () => {
    const printable = fc.stringMatching(/^[\x21-\x7e]{1,2048}$/);
    fc.assert(
      fc.property(printable, fc.double({ min: 1, noNaN: true, noDefaultInfinity: true }), (token, expiresIn) => {
        const reply = readFetch({ access_token: token, expires_in: expiresIn }, TOKEN);

        expect(reply).toMatchObject({ type: "value", value: token });
        const lifeMs = reply.type === "value" ? reply.lifeMs : 0;
        expect(lifeMs).toBeGreaterThanOrEqual(1_000);
        expect(lifeMs).toBeLessThanOrEqual(7_200_000);
      }),
    );
  });

  it("never throws and never stores, whatever the body, unless a token and a life are in it", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (body) => {
        const text = JSON.stringify({ ...body, access_token: undefined });
        const wire = parseBody(text);

        expect(wire.type === "body" && readFetch(wire.body, TOKEN).type).toBe("failure");
      }),
    );
  });
});
