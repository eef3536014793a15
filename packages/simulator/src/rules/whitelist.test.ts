import { describe, expect, it } from "vitest";
import { createStage } from "../testing/stage.ts";
import { apiDomainIp, userInfo } from "./business.ts";
import { clearQuota } from "./quota-calls.ts";

const REFUSED =
  /^invalid ip 203\.0\.113\.7 ipv6 ::ffff:203\.0\.113\.7, not in whitelist rid: [0-9a-f]{8}(-[0-9a-f]{8}){2}$/;

describe("the IP whitelist", () => {
  it.each([
    { whitelist: null, errcode: 0 },
    { whitelist: [], errcode: 40164 },
    { whitelist: ["203.0.113.8"], errcode: 40164 },
    { whitelist: ["198.51.100.1", "203.0.113.7"], errcode: 0 },
    { whitelist: ["203.0.113.0/28"], errcode: 0 },
    { whitelist: ["203.0.113.8/29"], errcode: 40164 },
  ])("$whitelist answers 203.0.113.7 with $errcode", ({ whitelist, errcode }) => {
    const stage = createStage({ whitelist });
    expect([stage.classic().errcode, stage.stable().errcode]).toEqual([errcode, errcode]);
  });

  it("names the address in WeChat's wording", () => {
    const stage = createStage({ whitelist: [] });
    expect(stage.classic().errmsg).toMatch(REFUSED);
    expect(stage.stable().errmsg).toMatch(REFUSED);
  });

  it.each([
    { type: "official-account" as const, errcode: 40164 },
    { type: "mini-program" as const, errcode: 0 },
  ])("is checked on calls with a token: $type → $errcode", ({ type, errcode }) => {
    const stage = createStage({ type });
    const access_token = stage.classic().value;
    stage.mend({ whitelist: [] });
    expect(stage.apply(userInfo, { access_token, openid: "o1" }).trace.errcode).toBe(errcode);
    expect(stage.apply(apiDomainIp, { access_token }).trace.errcode).toBe(errcode);
    expect(stage.classic().errcode).toBe(40164);
    expect(stage.apply(clearQuota, { appid: "wxstage", appsecret: "the-secret" }).trace.errcode).toBe(40164);
  });

  it("is mended by adding the address", () => {
    const stage = createStage({ whitelist: [] });
    expect(stage.classic().errcode).toBe(40164);
    stage.mend({ whitelist: ["203.0.113.7"] });
    expect(stage.classic().errcode).toBe(0);
  });
});
