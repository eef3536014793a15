import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createTicker, type Ticker } from "./ticker.ts";

const PERIOD = 1_000;

/** A ticker whose runs take as long as the test says. */
function setup(): { ticker: Ticker; events: string[]; end: (failure?: Error) => Promise<void> } {
  const events: string[] = [];
  let settle: PromiseWithResolvers<void> | undefined;
  const run = async (): Promise<void> => {
    events.push("begun");
    settle = Promise.withResolvers();
    await settle.promise;
    events.push("ended");
  };
  return {
    events,
    ticker: createTicker(PERIOD, run, (error) => events.push(String(error))),
    async end(failure) {
      if (failure) settle?.reject(failure);
      else settle?.resolve();
      await vi.advanceTimersByTimeAsync(0);
    },
  };
}

describe("createTicker", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("runs for the first time after one period", async () => {
    const { ticker, events } = setup();

    ticker.start();
    await vi.advanceTimersByTimeAsync(PERIOD - 1);
    expect(events).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);

    expect(events).toEqual(["begun"]);
  });

  it("never runs twice at a time, and counts the period from the end of a run", async () => {
    const { ticker, events, end } = setup();
    ticker.start();
    await vi.advanceTimersByTimeAsync(10 * PERIOD);
    expect(events).toEqual(["begun"]);

    await end();
    await vi.advanceTimersByTimeAsync(PERIOD - 1);
    expect(events).toEqual(["begun", "ended"]);
    await vi.advanceTimersByTimeAsync(1);

    expect(events).toEqual(["begun", "ended", "begun"]);
  });

  it("goes on after a run that failed, and tells of it", async () => {
    const { ticker, events, end } = setup();
    ticker.start();
    await vi.advanceTimersByTimeAsync(PERIOD);

    await end(new Error("no Redis"));
    await vi.advanceTimersByTimeAsync(PERIOD);

    expect(events).toEqual(["begun", "Error: no Redis", "begun"]);
  });

  it("waits for the run that is under way when it is stopped, and starts no other", async () => {
    const { ticker, events, end } = setup();
    ticker.start();
    await vi.advanceTimersByTimeAsync(PERIOD);

    const stopped = ticker.stop().then(() => events.push("stopped"));
    await vi.advanceTimersByTimeAsync(PERIOD);
    expect(events).toEqual(["begun"]);
    await end();
    await stopped;
    await vi.advanceTimersByTimeAsync(10 * PERIOD);

    expect(events).toEqual(["begun", "ended", "stopped"]);
  });

  it("does not run at all when it is stopped before its first period is over", async () => {
    const { ticker, events } = setup();

    ticker.start();
    await ticker.stop();
    await vi.advanceTimersByTimeAsync(10 * PERIOD);

    expect(events).toEqual([]);
  });
});
