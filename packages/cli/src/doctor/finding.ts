import type { Bilingual } from "@tokenkeeper/core";

/** How bad it is. `skipped`: what it needs to know could not be read. */
export type FindingLevel = "ok" | "warning" | "problem" | "skipped";

/** One thing that a check has to say. */
export interface Finding {
  readonly level: FindingLevel;
  readonly sentence: Bilingual;
  /** What to do; always there for a problem and a warning. */
  readonly remedy?: Bilingual;
}

/** All is as it should be. */
export function ok(en: string, zh: string): readonly Finding[] {
  return [{ level: "ok", sentence: { en, zh } }];
}

/** It cannot be said. */
export function skipped(en: string, zh: string): readonly Finding[] {
  return [{ level: "skipped", sentence: { en, zh } }];
}

/** It works, and somebody should look. */
export function warning(sentence: Bilingual, remedy: Bilingual): readonly Finding[] {
  return [{ level: "warning", sentence, remedy }];
}

/** Apps are or will be without values, or data is at risk. */
export function problem(sentence: Bilingual, remedy: Bilingual): readonly Finding[] {
  return [{ level: "problem", sentence, remedy }];
}
