import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { automaticCap, dailyLimitOf, endpointOf } from "./budget.ts";

const HOUR = 3_600_000;

describe("automaticCap", () => {
  it.each<[string, Parameters<typeof automaticCap>[0], number]>([
    ["allows 300 fetches of the classic endpoint's 2,000", { limit: 2_000 }, 300],
    ["allows 60 of a sandbox account's 200", { limit: 200 }, 60],
    ["allows 300 where the limit is not published", {}, 300],
    ["allows 300 where the limit is far away", { limit: 500_000 }, 300],
    ["stays at 15 % of a small limit", { limit: 1_000 }, 150],
    ["stays at 300 for the usual life", { limit: 500_000, lifeMs: 2 * HOUR }, 300],
    ["grows in proportion for a shorter life", { limit: 500_000, lifeMs: HOUR }, 600],
    ["never exceeds its share of the limit, however short the life", { limit: 2_000, lifeMs: 60_000 }, 300],
    ["never exceeds the sandbox account's share, however short the life", { limit: 200, lifeMs: 60_000 }, 60],
    ["does not shrink for a longer life", { limit: 500_000, lifeMs: 20 * HOUR }, 300],
  ])("%s", (_sentence, given, cap) => {
    expect(automaticCap(given)).toBe(cap);
  });

  it("is never more than 15 % of a known limit", () => {
    fc.assert(
      fc.property(fc.integer({ min: 201, max: 1_000_000 }), fc.integer({ min: 0, max: 10 * HOUR }), (limit, lifeMs) => {
        expect(automaticCap({ limit, lifeMs })).toBeLessThanOrEqual(limit * 0.15);
      }),
    );
  });
});

describe("endpointOf", () => {
  it.each([
    ["access_token", "stable", "stable_token", 500_000],
    ["access_token", "classic", "classic_token", 2_000],
    ["jsapi_ticket", "classic", "jsapi_ticket", undefined],
    ["wx_card_ticket", "stable", "wx_card_ticket", undefined],
  ] as const)("a %s of a %s account comes from %s, %s times a day", (...[kind, token, endpoint, limit]) => {
    expect(endpointOf(kind, { token })).toBe(endpoint);
    expect(dailyLimitOf(endpoint, false)).toBe(limit);
  });

  it("nothing of an account that follows comes from WeChat", () => {
    for (const kind of ["access_token", "jsapi_ticket"] as const)
      expect(endpointOf(kind, { token: "stable", follows: true })).toBe("leader");
  });

  it("a test account has a tenth of the classic fetches", () => {
    expect(dailyLimitOf("classic_token", true)).toBe(200);
  });
});
