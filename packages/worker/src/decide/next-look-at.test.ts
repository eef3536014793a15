import { describe, expect, it } from "vitest";
import type { Decision } from "./decide.ts";
import { nextLookAt } from "./decide.ts";

const NOW = 1_800_000_000_000;

describe("nextLookAt", () => {
  it.each<[string, Decision | undefined, number | undefined]>([
    ["looks at once at what is to be refreshed", { type: "refresh", reason: "due" }, NOW],
    ["looks at what is fresh when its next reason comes", { type: "fresh", nextAt: NOW + 5 }, NOW + 5],
    ["looks at what is busy when the lease ends", { type: "busy", until: NOW + 5 }, NOW + 5],
    ["looks at what is blocked when the block ends", { type: "blocked", why: "cool_down", until: NOW + 5 }, NOW + 5],
    ["does not look by itself at what is blocked without an end", { type: "blocked", why: "permanent" }, undefined],
    ["does not look at what nothing was decided about", undefined, undefined],
  ])("%s", (_sentence, decision, at) => {
    expect(nextLookAt(decision, NOW)).toBe(at);
  });
});
