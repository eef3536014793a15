import { setTimeout as delay } from "node:timers/promises";
import type { Durations, Log } from "@tokenkeeper/core";
import type { MessageResult } from "./reports.ts";
import type { AppMessage, ReportStream, StreamEntry } from "./stream.ts";

/** Reads the stream until it is stopped. */
export interface Intake {
  start(): void;
  stop(): Promise<void>;
}

/** What the intake works with. */
export interface IntakeDeps {
  readonly stream: ReportStream;
  readonly handle: (message: AppMessage) => Promise<MessageResult>;
  readonly durations: Durations;
  readonly log: Log;
}

/** How many messages are handled at a time; a report waits for WeChat, and must not keep demands waiting. */
const AT_ONCE = 64;

/** An entry is done only when it was handled; the one of a worker that dies in between is taken over by another. */
export function createIntake({ stream, handle, durations, log }: IntakeDeps): Intake {
  const stopping = new AbortController();
  const handling = new Set<Promise<void>>();
  let running: Promise<void> = Promise.resolve();

  async function handleEntry({ id, message }: StreamEntry): Promise<void> {
    try {
      if (message) await handle(message);
      await stream.done([id]);
    } catch (err) {
      log.warn({ err }, "report.postponed");
    }
  }

  async function begin(entry: StreamEntry): Promise<void> {
    if (handling.size >= AT_ONCE) await Promise.race(handling);
    const work = handleEntry(entry).finally(() => handling.delete(work));
    handling.add(work);
  }

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const entries = await stream.next({ blockMs: durations.demandWait / 3, staleMs: durations.lease });
        for (const entry of entries) await begin(entry);
      } catch (err) {
        log.warn({ err }, "reports.unreadable");
        await delay(durations.demandWait / 3, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
    await Promise.allSettled(handling);
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
