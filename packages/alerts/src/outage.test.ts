import { createDurations, createLog } from "@tokenkeeper/core";
import { describe, expect, it } from "vitest";
import { createOutage } from "./outage.ts";

describe("the word that Redis has failed", () => {
  it("survives a fault of its own, and looks again the next time", async () => {
    let looks = 0;
    const outage = createOutage({
      settings() {
        looks += 1;
        throw new Error("planted");
      },
      publicUrl: undefined,
      sender: { send: () => Promise.reject(new Error("nothing is sent")) },
      durations: createDurations(1),
      timeScale: 1,
      clock: { now: () => 1_800_000_000_000 },
      log: createLog({ name: "test", level: "silent", pretty: false }),
    });

    await outage(true);
    await outage(true);

    expect(looks).toBe(2);
  });
});
