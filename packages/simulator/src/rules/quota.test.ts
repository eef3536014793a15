import { describe, expect, it } from "vitest";
import { createStage } from "../testing/stage.ts";
import { clearQuota, quotaGet } from "./quota-calls.ts";

const SECRET = { appid: "wxstage", appsecret: "the-secret" };

function untilRefused(fetch: () => { errcode: number }): { passed: number; errcode: number } {
  for (let passed = 0; passed < 600_000; passed += 1) {
    const { errcode } = fetch();
    if (errcode !== 0) return { passed, errcode };
  }
  throw new Error("never refused");
}

describe("quotas", () => {
  it.each([
    { sandbox: false, passed: 2000 },
    { sandbox: true, passed: 200 },
  ])(
    "let $passed classic fetches a day pass (sandbox=$sandbox), then 45009 with the stable hint",
    ({ sandbox, passed }) => {
      const stage = createStage({ sandbox, tokenLength: 32 });
      expect(untilRefused(stage.classic)).toEqual({ passed, errcode: 45009 });
      expect(stage.classic().errmsg).toMatch(
        /^reach max api daily quota limit, could get access_token by getStable.* rid: /,
      );
      expect(stage.stable().errcode).toBe(0);
    },
  );

  it.each([
    [1, 12 * 3600],
    [600, 12 * 3600],
  ])("are counted anew at Beijing midnight, not before (scale %i)", (scale, untilMidnight) => {
    const stage = createStage({ quotas: { classicPerDay: 1 } }, scale);
    const offset = (stage.context().now * scale + 8 * 3_600_000) % 86_400_000;
    const seconds = scale === 1 ? untilMidnight : (86_400_000 - offset) / 1000;
    expect([stage.classic().errcode, stage.classic().errcode]).toEqual([0, 45009]);
    stage.pass(seconds - 1);
    expect(stage.classic().errcode).toBe(45009);
    stage.pass(1);
    expect(stage.classic().errcode).toBe(0);
  });

  it("let 10000 stable fetches a minute pass, then 45011 until the next minute", () => {
    const stage = createStage();
    expect(untilRefused(stage.stable)).toEqual({ passed: 10_000, errcode: 45011 });
    stage.pass(60);
    expect(stage.stable().errcode).toBe(0);
  });

  it("limit tickets and the stable day as set", () => {
    const stage = createStage({ quotas: { ticketPerDay: 3, stablePerDay: 2 } });
    const token = stage.stable().value;
    expect(untilRefused(() => stage.ticket(token))).toEqual({ passed: 3, errcode: 45009 });
    expect(untilRefused(stage.stable)).toEqual({ passed: 1, errcode: 45009 });
  });

  it("do not count refused fetches", () => {
    const stage = createStage({ quotas: { classicPerDay: 1 } });
    for (let i = 0; i < 5; i += 1) stage.classic({ secret: "wrong" });
    expect(stage.classic().errcode).toBe(0);
  });

  it("are told by quota/get", () => {
    const stage = createStage();
    const access_token = stage.classic().value;
    const ask = (cgi_path: unknown) => stage.apply(quotaGet, { access_token, cgi_path }).body;
    expect(ask("/cgi-bin/token")).toMatchObject({ errcode: 0, quota: { daily_limit: 2000, used: 1, remain: 1999 } });
    expect(ask("/cgi-bin/stable_token")).toMatchObject({ rate_limit: { call_count: 10_000, refresh_second: 60 } });
    expect(ask("cgi-bin/token")).toMatchObject({ errcode: 76003 });
    expect(ask("/cgi-bin/nothing")).toMatchObject({ errcode: 76021 });
  });

  it("are cleared 10 times a month with the secret alone, then 48006 until the next Beijing month", () => {
    const stage = createStage({ quotas: { classicPerDay: 1 } });
    const clear = () => stage.apply(clearQuota, SECRET).trace.errcode;
    stage.classic();
    expect(stage.classic().errcode).toBe(45009);
    expect(clear()).toBe(0);
    expect(stage.classic().errcode).toBe(0);
    expect(Array.from({ length: 10 }, clear)).toEqual([...Array<number>(9).fill(0), 48006]);
    stage.pass(9 * 86_400);
    expect(clear()).toBe(0);
  });

  it("are not cleared with a wrong secret", () => {
    const stage = createStage();
    expect(stage.apply(clearQuota, { ...SECRET, appsecret: "no" }).trace.errcode).toBe(40125);
  });
});
