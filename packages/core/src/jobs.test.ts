import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  immediateDeduplicationId,
  parseRefreshJob,
  parseTickJob,
  planDeduplicationId,
  tickSchedulerId,
} from "./jobs.ts";

const job = { account: "wx1234567890abcdef", kind: "access_token", reason: "plan" } as const;
const tick = { account: "wx1234567890abcdef", kind: "access_token" } as const;

describe("parseRefreshJob", () => {
  it("gives back what we put into the queue, also after its way through JSON", () => {
    expect(parseRefreshJob(JSON.parse(JSON.stringify(job)))).toEqual(job);
  });

  it.each<[string, unknown]>([
    ["an added address", { ...job, baseUrl: "http://169.254.169.254/" }],
    ["an added prototype", JSON.parse(`{"account":"a","kind":"access_token","reason":"plan","__proto__":{"x":1}}`)],
    ["an unknown kind", { ...job, kind: "secret" }],
    ["a kind of the prototype", { ...job, kind: "__proto__" }],
    ["an unknown reason", { ...job, reason: "because" }],
    ["an account of 65 characters", { ...job, account: "x".repeat(65) }],
    ["an account that is no text", { ...job, account: { toString: () => "wx" } }],
    ["a missing reason", tick],
    ["a list", [job]],
    ["a text", JSON.stringify(job)],
    ["null", null],
    ["nothing", undefined],
  ])("refuses %s", (_case, data) => {
    expect(parseRefreshJob(data)).toBeUndefined();
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.anything(), (data) => {
        expect(parseRefreshJob(data)).toBeUndefined();
      }),
    );
  });
});

describe("parseTickJob", () => {
  it("takes account and kind and nothing else", () => {
    expect(parseTickJob(tick)).toEqual(tick);
    expect(parseTickJob(job)).toBeUndefined();
    expect(parseTickJob({ account: "wx1234567890abcdef" })).toBeUndefined();
  });
});

describe("the ids of a credential's jobs", () => {
  it("keep an immediate job apart from the planned one", () => {
    expect(immediateDeduplicationId(tick)).toBe("wx1234567890abcdef:access_token");
    expect(planDeduplicationId(tick)).toBe("wx1234567890abcdef:access_token@plan");
    expect(tickSchedulerId(tick)).toBe("tick-wx1234567890abcdef-access_token");
  });
});
