import { describe, expect, it } from "vitest";
import { isRefusal } from "./refusal.ts";

const body = (value: unknown): PromiseSettledResult<unknown> => ({ status: "fulfilled", value });
const thrown = (reason: unknown): PromiseSettledResult<unknown> => ({ status: "rejected", reason });

describe("isRefusal", () => {
  it.each([
    ["40001", body({ errcode: 40001, errmsg: "invalid credential" })],
    ["40014", body({ errcode: 40014 })],
    ["42001", body({ errcode: "42001" })],
    ["a thrown error with the code", thrown(Object.assign(new Error("refused"), { errcode: 42001 }))],
  ])("sees a refusal in %s", (_case, result) => {
    expect(isRefusal(result)).toBe(true);
  });

  it.each([
    ["a success", body({ errcode: 0 })],
    ["another code", body({ errcode: 45009 })],
    ["a body without a code", body({ openid: "o1" })],
    ["a body that is no object", body("40001")],
    ["no body", body(undefined)],
    ["null", thrown(null)],
    ["another error", thrown(new Error("40001"))],
  ])("sees none in %s", (_case, result) => {
    expect(isRefusal(result)).toBe(false);
  });
});
