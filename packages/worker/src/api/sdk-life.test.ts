import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sdkExpiresIn } from "./sdk-life.ts";

const seconds = (from: number, to: number): fc.Arbitrary<number> => fc.integer({ min: from * 1_000, max: to * 1_000 });

describe("expires_in for an SDK", () => {
  // The margins that SDKs take off: none, wechat-api, WxJava, silenceper (stable), EasyWeChat tickets, silenceper (classic).
  it.each([0, 10, 200, 300, 500, 1_500])(
    "with a margin of %i s is never kept past the value's end, nor for no time",
    (margin) => {
      fc.assert(
        fc.property(seconds(1, 7_200), fc.oneof(fc.constant(Infinity), fc.constant(150_000)), (remainingMs, keepMs) => {
          const kept = sdkExpiresIn({ remainingMs, keepMs, marginMs: margin * 1_000 }) - margin;

          expect(kept).toBeGreaterThanOrEqual(Math.min(60, Math.floor(Math.min(remainingMs, keepMs) / 1_000)));
          expect(kept * 1_000).toBeLessThanOrEqual(Math.min(remainingMs, keepMs));
          expect(kept).toBeGreaterThan(0);
        }),
      );
    },
  );

  it.each([
    ["is what is left of it", { remainingMs: 5_400_900, keepMs: Infinity, marginMs: 200_000 }, 5_400],
    ["is more than what is left near the end", { remainingMs: 240_000, keepMs: Infinity, marginMs: 1_500_000 }, 1_560],
    ["is less for what WeChat rotates at every fetch", { remainingMs: 7_200_000, keepMs: 150_000, marginMs: 0 }, 150],
    ["leaves a minute of it beside a margin", { remainingMs: 7_200_000, keepMs: 150_000, marginMs: 200_000 }, 260],
  ])("%s", (_case, life, expected) => {
    expect(sdkExpiresIn(life)).toBe(expected);
  });
});
