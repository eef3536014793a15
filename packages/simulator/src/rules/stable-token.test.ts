import { describe, expect, it } from "vitest";
import { createStage } from "../testing/stage.ts";

describe("the stable token", () => {
  it.each([
    { after: 0, same: true, expires_in: 7200 },
    { after: 3600, same: true, expires_in: 3600 },
    { after: 6899, same: true, expires_in: 301 },
    { after: 6900, same: false, expires_in: 7200 },
    { after: 7199, same: false, expires_in: 7200 },
    { after: 7201, same: false, expires_in: 7200 },
  ])("asked again after $after s: same=$same, expires_in $expires_in", ({ after, same, expires_in }) => {
    const stage = createStage();
    const first = stage.stable();
    stage.pass(after);
    const again = stage.stable();
    expect(again.value === first.value).toBe(same);
    expect(again).toMatchObject({ expires_in, verdict: same ? "same" : "issued" });
  });

  it("that was replaced in its window stays accepted until its own end", () => {
    const stage = createStage();
    const old = stage.stable().value;
    stage.pass(6950);
    stage.stable();
    stage.pass(249);
    expect(stage.verdict(old)).toBe("accepted");
    stage.pass(1);
    expect(stage.verdict(old)).toBe("expired");
  });

  it("is replaced by force, but not twice within 30 s; two forced fetches put a leaked token out at once", () => {
    const stage = createStage();
    const leaked = stage.stable().value;
    const forced = stage.stable(true);
    expect(forced).toMatchObject({ verdict: "issued" });
    stage.pass(29);
    expect(stage.stable(true)).toMatchObject({ verdict: "same", value: forced.value, expires_in: 7171 });
    expect(stage.verdict(leaked)).toBe("accepted");
    stage.pass(1);
    expect(stage.stable(true)).toMatchObject({ verdict: "issued" });
    expect(stage.verdict(leaked)).toBe("superseded");
  });

  it("can be forced 20 times a day, then 45009; normal mode goes on", () => {
    const stage = createStage();
    const codes = Array.from({ length: 21 }, () => {
      stage.pass(30);
      return stage.stable(true).errcode;
    });
    expect(codes).toEqual([...Array<number>(20).fill(0), 45009]);
    expect(stage.stable()).toMatchObject({ errcode: 0, verdict: "same" });
  });

  it("and the classic one do not retire each other", () => {
    const stage = createStage();
    const stable = stage.stable().value;
    const classic = stage.classic().value;
    for (let i = 0; i < 5; i += 1) stage.classic();
    expect(stage.verdict(stable)).toBe("accepted");
    const newest = stage.classic().value;
    for (let i = 0; i < 5; i += 1) {
      stage.pass(30);
      stage.stable(true);
    }
    expect(stage.verdict(newest)).toBe("accepted");
    expect(stage.verdict(classic)).toBe("superseded");
  });
});
