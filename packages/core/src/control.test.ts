import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CONTROL_FIELDS, decodeControl } from "./control.ts";

type Fields = Partial<Record<(typeof CONTROL_FIELDS)[number], string>>;

const hash = (fields: Fields): (string | null)[] => CONTROL_FIELDS.map((name) => fields[name] ?? null);
const EMPTY = decodeControl(hash({}));

const texts = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.constantFrom("1e3", "-1", "NaN", "Infinity", "0x10", " 1", "1.5", "9007199254740993", "__proto__", ""),
  fc.integer().map(String),
);

describe("decodeControl", () => {
  it("gives a beginning for a hash that does not exist", () => {
    expect(EMPTY).toEqual({ generation: 0, committedGeneration: 0, failedJobs: [], failures: 0 });
  });

  it("reads every part of the state", () => {
    const control = decodeControl(
      hash({
        generation: "1700000000002",
        lease_attempt: "a1",
        lease_until: "1700000015000",
        intent_generation: "1700000000002",
        intent_at: "1700000000003",
        committed_generation: "1700000000001",
        committed_at: "1700000000004",
        fingerprint: "0123456789abcdef",
        value_since: "1700000000005",
        issued_at: "1700000000006",
        expires_at: "1700007200000",
        plan_at: "1700001800000",
        settle_due: "1700000060000",
        retry_at: "1700000001000",
        failures: "3",
        failing_since: "1700000000007",
        block_class: "needs_person",
        block_code: "40164",
        block_until: "1700000300000",
        block_secret: "fedcba9876543210",
        reported: "0123456789abcdef",
        reported_at: "1700000000008",
      }),
    );

    expect(control).toEqual({
      generation: 1700000000002,
      failedJobs: [],
      lease: { attempt: "a1", until: 1700000015000 },
      intent: { generation: 1700000000002, at: 1700000000003 },
      committedGeneration: 1700000000001,
      committedAt: 1700000000004,
      fingerprint: "0123456789abcdef",
      valueSince: 1700000000005,
      issuedAt: 1700000000006,
      expiresAt: 1700007200000,
      planAt: 1700001800000,
      settleDue: 1700000060000,
      retryAt: 1700000001000,
      failures: 3,
      failingSince: 1700000000007,
      block: { class: "needs_person", code: "40164", until: 1700000300000, secret: "fedcba9876543210" },
      reported: { fingerprint: "0123456789abcdef", at: 1700000000008 },
    });
  });

  it.each<[string, Fields]>([
    ["a lease without its end", { lease_attempt: "a1" }],
    ["an intent without its instant", { intent_generation: "5" }],
    ["a report without its instant", { reported: "0123456789abcdef" }],
    ["a block of an unknown class", { block_class: "__proto__", block_code: "1" }],
    ["an instant in another notation", { plan_at: "1.7e12", retry_at: "0x10", settle_due: " 1" }],
    ["a count below zero", { failures: "-1", generation: "-5" }],
    ["a generation that no number holds", { generation: "9007199254740993" }],
  ])("takes %s as absent", (_case, fields) => {
    expect(decodeControl(hash(fields))).toEqual(EMPTY);
  });

  it("never throws and never gives a number that is not a count or an instant", () => {
    const reply = fc.array(fc.option(texts), { maxLength: CONTROL_FIELDS.length + 5 });
    fc.assert(
      fc.property(reply, (values) => {
        const { block, lease, intent, reported, ...rest } = decodeControl(values);
        const numbers = [rest, block, lease, intent, reported]
          .flatMap((part) => Object.values(part ?? {}))
          .filter((value) => typeof value === "number");
        for (const value of numbers) expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
      }),
    );
  });
});
