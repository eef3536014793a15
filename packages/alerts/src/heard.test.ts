import { describe, expect, it } from "vitest";
import type { AlertJob } from "./alert-job.ts";
import { heardOf, tellable, type OpenedJob } from "./heard.ts";

const WAITS: OpenedJob = { attemptsMade: 0, stalledCounter: 0, returnvalue: null };
const OVER: OpenedJob = { ...WAITS, attemptsMade: 1, finishedOn: 1, returnvalue: { outcome: "over" } };

describe("heardOf", () => {
  it.each<[string, OpenedJob | undefined, string]>([
    ["is over before any try", OVER, "no"],
    ["is over after a try", { ...OVER, attemptsMade: 2 }, "maybe"],
    ["is over after its process died", { ...OVER, stalledCounter: 1 }, "maybe"],
    ["was delivered", { ...OVER, returnvalue: { outcome: "delivered" } }, "maybe"],
    ["was given up", { ...OVER, returnvalue: null }, "maybe"],
    ["is still to come", WAITS, "not yet"],
    ["is tried again", { ...WAITS, attemptsMade: 1 }, "maybe"],
    ["is forgotten", undefined, "maybe"],
  ])("says of a message that %s whether it was heard", (_what, job, heard) => {
    expect(heardOf(job)).toBe(heard);
  });
});

describe("tellable", () => {
  const entry = (key: string): AlertJob["incidents"][number] => ({ key, since: 0, facts: {} });
  const data: AlertJob = {
    receiver: "ops",
    rule: "QuotaHigh",
    severity: "ticket",
    transition: "recovered",
    batch: "b",
    at: 0,
    count: 2,
    incidents: [entry("a"), entry("b")],
  };

  it("leaves of several ends those of which the begin may have been heard", () => {
    expect(tellable(data, ["maybe", "maybe"])).toEqual(data);
    expect(tellable(data, ["no", "maybe"])).toEqual({ ...data, count: 1, incidents: [entry("b")] });
    expect(tellable(data, ["no", "no"])).toBeUndefined();
    expect(tellable(data, ["no", "not yet"])).toBe("not yet");
  });
});
