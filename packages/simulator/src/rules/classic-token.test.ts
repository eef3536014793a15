import { describe, expect, it } from "vitest";
import { createStage } from "../testing/stage.ts";

describe("the classic token", () => {
  it("is new at every fetch, printable, of the asked length, with no errcode", () => {
    const stage = createStage({ tokenLength: 1024 });
    const values = Array.from({ length: 50 }, () => stage.classic().value);
    expect(new Set(values).size).toBe(50);
    for (const value of values) expect(value).toMatch(/^60_[A-Za-z0-9_-]{1021}$/);
    expect(values.join("")).toMatch(/_.*-|-.*_/);
    const ruling = stage.classic();
    expect(ruling).toMatchObject({ errcode: 0, errmsg: "undefined", expires_in: 7200, verdict: "issued" });
  });

  it.each([
    { strict: true, after: 0, verdicts: ["superseded", "accepted", "accepted"] },
    { strict: true, after: 299, verdicts: ["superseded", "accepted", "accepted"] },
    { strict: true, after: 300, verdicts: ["superseded", "superseded", "accepted"] },
    { strict: false, after: 0, verdicts: ["accepted", "accepted", "accepted"] },
    { strict: false, after: 299, verdicts: ["superseded", "accepted", "accepted"] },
    { strict: false, after: 300, verdicts: ["superseded", "superseded", "accepted"] },
  ])("strict=$strict: $after s after three fetches 100 s apart: $verdicts", ({ strict, after, verdicts }) => {
    const stage = createStage({ strict });
    const tokens = [stage.classic().value];
    for (const seconds of [100, 100]) {
      stage.pass(seconds);
      tokens.push(stage.classic().value);
    }
    stage.pass(after);
    expect(tokens.map(stage.verdict)).toEqual(verdicts);
  });

  it("dies at its expiry although its grace would last longer", () => {
    const stage = createStage();
    const old = stage.classic().value;
    stage.pass(7100);
    stage.classic();
    stage.pass(99);
    expect(stage.verdict(old)).toBe("accepted");
    stage.pass(1);
    expect(stage.verdict(old)).toBe("expired");
  });

  it.each([
    [{ grant_type: "authorization_code" }, 40002],
    [{ appid: undefined }, 41002],
    [{ secret: "" }, 41004],
    [{ secret: "another" }, 40125],
  ])("refuses %o with %i and issues nothing", (params, errcode) => {
    const stage = createStage();
    expect(stage.classic(params)).toMatchObject({ errcode, verdict: "refused" });
    expect(stage.account().lines.classic.count).toBe(0);
  });

  it("lives and dies on compressed time, and says the real seconds left", () => {
    const stage = createStage({}, 600);
    const first = stage.classic();
    expect(first.expires_in).toBe(12);
    const started = stage.context().now;
    stage.pass(7199);
    expect(stage.verdict(first.value)).toBe("accepted");
    stage.pass(1);
    expect(stage.context().now - started).toBe(12_000);
    expect(stage.verdict(first.value)).toBe("expired");
  });
});
