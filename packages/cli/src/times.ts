import { spanOf } from "@tokenkeeper/ops";
import type { Session } from "./session.ts";

/** Instants as their distance from now, in the reader's language. */
export interface Times {
  /** A past instant, epoch ms. */
  ago(at: number): string;
  /** A coming instant, epoch ms; one that has come: now. */
  until(at: number): string;
  /** A span, ms. */
  span(ms: number): string;
}

/** @param now Redis time, epoch ms */
export function createTimes({ texts, language }: Pick<Session, "texts" | "language">, now: number): Times {
  const span = (ms: number): string => spanOf(ms, language);
  return {
    span,
    ago: (at) => texts.ago(span(now - at)),
    until: (at) => (at <= now ? texts.now : texts.in(span(at - now))),
  };
}
