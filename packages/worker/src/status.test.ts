import { createDurations } from "@tokenkeeper/core";
import { systemClock } from "@tokenkeeper/shared/contract";
import { describe, expect, it } from "vitest";
import { createWorkerStatus, type WorkerStatus } from "./status.ts";

const DURATIONS = createDurations(1);

interface Stage {
  readonly status: WorkerStatus;
  /** Whether BullMQ's second worker runs. */
  runs: boolean;
  redisAnswers: boolean;
  now: number;
  readonly stopping: AbortController;
}

/** A worker that was started and has just looked. */
function setup(): Stage {
  const stopping = new AbortController();
  const stage: Stage = {
    runs: true,
    redisAnswers: true,
    now: 1_000,
    stopping,
    status: createWorkerStatus({
      workers: () => [{ isRunning: () => true }, { isRunning: () => stage.runs }],
      ping: () => (stage.redisAnswers ? Promise.resolve("PONG") : Promise.reject(new Error("away"))),
      metrics: { contentType: "text/plain", read: async () => "" },
      stopping: stopping.signal,
      durations: DURATIONS,
      clock: { ...systemClock, monotonic: () => stage.now },
    }),
  };
  stage.status.started();
  stage.status.looked();
  return stage;
}

const isReady = (stage: Stage): Promise<boolean> => stage.status.isReady().catch(() => false);

describe("a worker's status", () => {
  it("is live and ready when all runs and a look was completed", async () => {
    const stage = setup();

    expect(stage.status.isLive()).toBe(true);
    expect(await isReady(stage)).toBe(true);
  });

  it("is not ready when no look was completed for three sweeps, until the next one", async () => {
    const stage = setup();

    stage.now += 3 * DURATIONS.sweep + 1;

    expect(await isReady(stage)).toBe(false);
    expect(stage.status.isLive()).toBe(true);
    stage.status.looked();
    expect(await isReady(stage)).toBe(true);
  });

  it("is not ready while Redis is away, and lives: a restart would not help", async () => {
    const stage = setup();

    stage.redisAnswers = false;

    expect(await isReady(stage)).toBe(false);
    expect(stage.status.isLive()).toBe(true);
  });

  it("is neither when a worker of BullMQ's has ended by itself", async () => {
    const stage = setup();

    stage.runs = false;

    expect(await isReady(stage)).toBe(false);
    expect(stage.status.isLive()).toBe(false);
  });

  it("is not ready and lives while it stops", async () => {
    const stage = setup();

    stage.stopping.abort();
    stage.runs = false;

    expect(await isReady(stage)).toBe(false);
    expect(stage.status.isLive()).toBe(true);
  });
});
