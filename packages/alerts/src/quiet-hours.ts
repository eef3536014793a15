import { HOUR, MINUTE } from "@tokenkeeper/shared/contract";
import type { Severity } from "./rules.ts";

/** A time of each day at which nobody is told of what can wait. */
export interface QuietHours {
  /** Minutes after midnight. */
  readonly from: number;
  readonly to: number;
  /** IANA name. */
  readonly timeZone: string;
}

const DAY = 24 * HOUR;

/**
 * How long what can wait has to wait, ms; 0 outside of quiet hours. Pure.
 * @param now epoch ms.
 */
export function quietFor({ from, to, timeZone }: QuietHours, now: number): number {
  const at = sinceMidnight(now, timeZone);
  const [begin, end] = [from * MINUTE, to * MINUTE];
  const quiet = begin <= end ? at >= begin && at < end : at >= begin || at < end;
  return quiet ? (end - at + DAY) % DAY : 0;
}

/** How long a message of this severity has to wait for the end of quiet hours, ms. Pure. @param now epoch ms */
export function quietLeft(severity: Severity, quietHours: QuietHours | undefined, now: number): number {
  return severity === "ticket" && quietHours ? quietFor(quietHours, now) : 0;
}

function sinceMidnight(now: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  }).formatToParts(now);
  const part = (type: string): number => Number(parts.find((each) => each.type === type)?.value);
  return part("hour") * HOUR + part("minute") * MINUTE + part("second") * 1_000 + (now % 1_000);
}

/** Whether there is a time zone of this name. */
export function isTimeZone(name: string): boolean {
  try {
    Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
