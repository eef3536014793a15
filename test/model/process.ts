// A process of the model: it can be killed and stopped between any two things that reach it.
import type { Clock } from "@tokenkeeper/shared/contract";
import type { Timeline } from "./timeline.ts";

/** One process. What it does happens in no time; what it waits for reaches it through `deliver`. */
export interface Process {
  readonly name: string;
  readonly clock: Clock;
  isAlive(): boolean;
  isPaused(): boolean;
  /** Since when it has been stopped, ms on the timeline; undefined: it runs. */
  pausedSince(): number | undefined;
  /** Whether it was stopped at any time from `instant` on. */
  wasPausedSince(instant: number): boolean;
  /** SIGKILL: nothing reaches it any more. */
  kill(): void;
  /** SIGSTOP, and SIGCONT after `ms`. */
  pause(ms: number): void;
  /** Reaches the process now, after its pause, or never once it is dead. */
  deliver(act: () => void): void;
  /** A timer of the process. */
  after(ms: number, act: () => void): void;
}

/** @param skewMs how far its wall clock is off. */
export function createProcess(timeline: Timeline, name: string, skewMs = 0): Process {
  let alive = true;
  let since = 0;
  let pausedUntil = 0;

  function deliver(act: () => void): void {
    if (!alive) return;
    if (timeline.now() < pausedUntil) timeline.at(pausedUntil, () => deliver(act));
    else act();
  }

  function after(ms: number, act: () => void): void {
    timeline.after(ms, () => deliver(act));
  }

  return {
    name,
    clock: {
      now: () => Math.round(timeline.now() + skewMs),
      monotonic: () => timeline.now(),
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          signal?.addEventListener("abort", () => resolve());
          after(ms, resolve);
        }),
    },
    isAlive: () => alive,
    isPaused: () => timeline.now() < pausedUntil,
    pausedSince: () => (timeline.now() < pausedUntil ? since : undefined),
    wasPausedSince: (instant) => pausedUntil > instant && pausedUntil > 0,
    kill() {
      alive = false;
    },
    pause(ms) {
      if (timeline.now() >= pausedUntil) since = timeline.now();
      pausedUntil = Math.max(pausedUntil, timeline.now() + ms);
    },
    deliver,
    after,
  };
}
