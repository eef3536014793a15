import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import type { Trace } from "./rules/ruling.ts";

const CAPACITY = 100_000;

/** One call. Values appear only as fingerprints. */
export interface LogEvent extends Trace {
  seq: number;
  /** Arrival, epoch ms. */
  at: number;
  /** From arrival to processing, ms. */
  durationMs: number;
  /** null when neither appid nor token point to an account. */
  appId: string | null;
  call: string;
  /** Token or ticket fetches of this account and kind under way at arrival, this one included; 0 for other calls. */
  inFlight: number;
  fault?: string;
  /** Made by the control API on behalf of "someone else". */
  foreign?: true;
}

export interface LogFilter {
  after?: number | undefined;
  appId?: string | undefined;
  call?: string | undefined;
}

export interface EventLog {
  add(event: Omit<LogEvent, "seq">): LogEvent;
  read(filter?: LogFilter): LogEvent[];
  clear(): void;
  close(): Promise<void>;
}

export interface EventLogOptions {
  /** Also append each event as a line of JSON to this file. */
  file?: string | undefined;
  warn: (message: string) => void;
}

/** Keeps the last 100,000 events. `clear` forgets them; `seq` goes on rising, so a poller's `after` stays right. */
export function createEventLog({ file, warn }: EventLogOptions): EventLog {
  const ring: LogEvent[] = [];
  let last = 0;
  const stream = file === undefined ? undefined : createWriteStream(file, { flags: "a", mode: 0o600 });
  stream?.on("error", () => warn("the event log file cannot be written: check its path and the free space"));

  function add(event: Omit<LogEvent, "seq">): LogEvent {
    last += 1;
    const numbered = { seq: last, ...event };
    ring[last % CAPACITY] = numbered;
    if (stream?.writable) stream.write(`${JSON.stringify(numbered)}\n`);
    return numbered;
  }

  function read({ after = 0, appId, call }: LogFilter = {}): LogEvent[] {
    const events: LogEvent[] = [];
    for (let seq = Math.max(after + 1, last - CAPACITY + 1); seq <= last; seq += 1) {
      const event = ring[seq % CAPACITY];
      if (event === undefined) continue;
      if (appId !== undefined && event.appId !== appId) continue;
      if (call !== undefined && event.call !== call) continue;
      events.push(event);
    }
    return events;
  }

  async function close(): Promise<void> {
    if (stream === undefined || stream.destroyed) return;
    stream.end();
    await finished(stream).catch(() => warn("the last events did not reach the event log file"));
  }

  return {
    add,
    read,
    clear: () => {
      ring.length = 0;
    },
    close,
  };
}
