import { describe, expect, it } from "vitest";
import { createSessionCookie } from "./session-cookie.ts";

const ID = "aB3-_".repeat(9).slice(0, 43);

describe("createSessionCookie", () => {
  it("reads its own cookie among others", () => {
    expect(createSessionCookie(false).read(`a=1; sid=${ID}; xsid=2`)).toBe(ID);
    expect(createSessionCookie(true).read(`sid=1;__Host-sid=${ID}`)).toBe(ID);
  });

  it.each([
    ["no header", undefined],
    ["another name", `xsid=${ID}`],
    ["the name of plain http", `sid=${ID}`],
    ["two of them", `__Host-sid=${ID}; __Host-sid=${ID}`],
    ["a shorter id", `__Host-sid=${ID.slice(1)}`],
    ["a longer id", `__Host-sid=${ID}A`],
    ["other characters", `__Host-sid=${ID.slice(1)}*`],
  ])("reads nothing from %s", (_what, header) => {
    expect(createSessionCookie(true).read(header)).toBeUndefined();
  });
});
