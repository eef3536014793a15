import { spanOf } from "./lib/ops/words.js";
import { reader, t } from "./preferences.ts";

let ahead = 0;

/** The server said that its clock shows this, epoch ms: instants on the page are counted by it. */
export function setServerTime(now: number): void {
  ahead = now - Date.now();
}

/** Redis time, epoch ms. */
export function serverNow(): number {
  return Date.now() + ahead;
}

/** A span of time as people say it, in one or two units. @param ms 0 or more */
export function span(ms: number): string {
  return spanOf(ms, reader.language);
}

/** An instant, as the distance from now. @param at epoch ms */
export function ago(at: number): string {
  return t().ago(span(serverNow() - at));
}

/** A coming instant, as the distance from now; one that has come: now. @param at epoch ms */
export function until(at: number): string {
  const ms = at - serverNow();
  return ms <= 0 ? t().now : t().in(span(ms));
}

/** An instant in full, in the reader's zone. @param at epoch ms */
export function instant(at: number): string {
  return new Intl.DateTimeFormat(reader.language === "zh" ? "zh-CN" : "en-GB", {
    dateStyle: "medium",
    timeStyle: "medium",
  }).format(at);
}

/** How long something took. @param ms 0 or more */
export function took(ms: number): string {
  return ms < 10_000 ? `${ms} ms` : span(ms);
}
