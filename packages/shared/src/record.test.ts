import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeRecord, RECORD_FIELDS, RECORD_SCHEMA } from "./record.ts";

type Written = Record<(typeof RECORD_FIELDS)[number], string>;

const good: Written = {
  value: "75_token-0_AZaz",
  expires_at: "1700007200000",
  issued_at: "1700000000000",
  version: "1700000000001",
  schema: RECORD_SCHEMA,
};

const read = (written: Partial<Written>): ReturnType<typeof decodeRecord> =>
  decodeRecord(RECORD_FIELDS.map((name) => written[name] ?? null));

describe("decodeRecord", () => {
  it("reads what a worker writes", () => {
    expect(read(good)).toEqual({
      value: "75_token-0_AZaz",
      expiresAt: 1700007200000,
      issuedAt: 1700000000000,
      version: "1700000000001",
    });
  });

  it("keeps every value that WeChat may issue byte for byte", () => {
    const value = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: 1_024,
    });
    const issued = fc.integer({ min: 1, max: 4_000_000_000_000 });
    fc.assert(
      fc.property(value, issued, fc.integer({ min: 1, max: 7_200_000 }), (token, issuedAt, life) => {
        const record = read({
          value: token,
          issued_at: String(issuedAt),
          expires_at: String(issuedAt + life),
          version: String(issuedAt),
          schema: RECORD_SCHEMA,
        });
        expect(record).toEqual({ value: token, issuedAt, expiresAt: issuedAt + life, version: String(issuedAt) });
      }),
    );
  });

  it.each(RECORD_FIELDS)("takes a record without %s as absent", (field) => {
    expect(read({ ...good, [field]: undefined })).toBeUndefined();
  });

  it.each<[string, Partial<Written>]>([
    ["an empty value", { value: "" }],
    ["a value with a line break", { value: "token\n" }],
    ["a value of other characters", { value: "凭证" }],
    ["a value of 4,097 characters", { value: "x".repeat(4_097) }],
    ["an end that is no number", { expires_at: "abc" }],
    ["an end before the beginning", { expires_at: "1699999999999" }],
    ["an end in seconds", { expires_at: "1700007200" }],
    ["an end beyond every number", { expires_at: "1000000000000000000" }],
    ["a negative end", { expires_at: "-1" }],
    ["an end in another notation", { expires_at: "1.7000072e12" }],
    ["a beginning in another notation", { issued_at: "0x18bcfe56800" }],
    ["a version in another notation", { version: "1e3" }],
    ["a version of 17 digits", { version: "17000000000000010" }],
    ["another schema", { schema: "2" }],
  ])("takes a record with %s as absent", (_case, change) => {
    expect(read({ ...good, ...change })).toBeUndefined();
  });

  it("never throws", () => {
    const field = fc.option(fc.oneof(fc.string(), fc.constantFrom(...Object.values(good))));
    fc.assert(
      fc.property(fc.array(field, { maxLength: 8 }), (fields) => {
        expect(() => decodeRecord(fields)).not.toThrow();
      }),
    );
  });
});
