import { describe, expect, it } from "vitest";
import { capFor } from "./budget.ts";
import type { RefreshReason } from "./state.ts";

describe("capFor", () => {
  it.each<RefreshReason>(["missing", "expired", "due"])("gives all fetches of the day to what is %s", (reason) => {
    expect(capFor(300, reason)).toBe(300);
  });

  it.each<RefreshReason>(["intent_open", "settle_due", "reported"])("keeps the last 48 away from %s", (reason) => {
    expect(capFor(300, reason)).toBe(252);
  });

  it("reserves no more than half of a small budget", () => {
    expect(capFor(60, "reported")).toBe(30);
    expect(capFor(60, "due")).toBe(60);
  });
});
