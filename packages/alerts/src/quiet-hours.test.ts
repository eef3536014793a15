import { describe, expect, it } from "vitest";
import { quietFor } from "./quiet-hours.ts";

const NIGHT = { from: 22 * 60, to: 8 * 60, timeZone: "Asia/Shanghai" };
const LUNCH = { from: 12 * 60, to: 13 * 60 + 30, timeZone: "Asia/Shanghai" };
const MINUTE = 60_000;

describe("quietFor", () => {
  it.each([
    ["before the night", NIGHT, "2026-11-24T13:59:59Z", 0],
    ["as the night begins", NIGHT, "2026-11-24T14:00:00Z", 600],
    ["after midnight", NIGHT, "2026-11-24T18:30:00Z", 330],
    ["as the night ends", NIGHT, "2026-11-25T00:00:00Z", 0],
    ["at lunch", LUNCH, "2026-11-24T05:00:00Z", 30],
    ["in the morning", LUNCH, "2026-11-24T01:00:00Z", 0],
    ["in another place", { ...NIGHT, timeZone: "Europe/Berlin" }, "2026-11-24T21:00:00Z", 600],
  ])("%s", (...[, hours, now, minutes]) => {
    expect(quietFor(hours, Date.parse(now))).toBe(minutes * MINUTE);
  });
});
