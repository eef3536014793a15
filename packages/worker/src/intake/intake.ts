import { setTimeout as delay } from "node:timers/promises";
import { errorFields, type Durations, type Log } from "@tokenkeeper/core";
import type { ReportResult } from "./reports.ts";
import type { AppMessage, ReportStream, StreamEntry } from "./stream.ts";

/** Reads the stream until it is stopped. */
export interface Intake {
  start(): void;
  stop(): Promise<void>;
}

/** What the intake works with. */
export interface IntakeDeps {
  readonly stream: ReportStream;
  readonly handle: (message: AppMessage) => Promise<ReportResult>;
  readonly durations: Durations;
  readonly log: Log;
}

/** An entry is done only when it was handled; the one of a worker that dies in between is taken over by another. */
export function createIntake({ stream, handle, durations, log }: IntakeDeps): Intake {
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();

  async function handleEntry({ id, message }: StreamEntry): Promise<void> {
    if (message) await handle(message);
    await stream.done([id]);
  }

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const entries = await stream.next({ blockMs: durations.demandWait / 3, staleMs: durations.lease });
        const results = await Promise.allSettled(entries.map((entry) => handleEntry(entry)));
        const failed = results.filter(({ status }) => status === "rejected").length;
        if (failed > 0) log.warn({ failed }, "reports.postponed");
      } catch (error) {
        log.warn({ err: errorFields(error).code }, "reports.unreadable");
        await delay(durations.demandWait / 3, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
  }

  return {
    start() {
      running = loop();
    },
    stop() {
      stopping.abort();
      return running;
    },
  };
}
