import type { Bilingual } from "@tokenkeeper/core";
import { sentencesOf, STATES, type Level, type Row } from "@tokenkeeper/ops";

/** The same thing to say about several credentials. */
export interface TroubleGroup {
  readonly level: Level;
  readonly rows: readonly Row[];
  readonly sentence: Bilingual;
  readonly remedy?: Bilingual;
}

/** Credentials of the same words together, the worst first: one thing to do is said once, however many it is about. */
export function groupTroubles(rows: readonly Row[]): TroubleGroup[] {
  const groups = new Map<string, TroubleGroup & { readonly rows: Row[] }>();
  for (const row of rows.toSorted(byState)) {
    const words = sentencesOf(row);
    const key = `${row.level} ${words.sentence.en} ${words.remedy?.en ?? ""}`;
    const group = groups.get(key) ?? { level: row.level, ...words, rows: [] };
    group.rows.push(row);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Orders rows, the worst first, then by name. */
export function byState(one: Row, other: Row): number {
  return STATES.indexOf(one.state) - STATES.indexOf(other.state) || one.name.localeCompare(other.name);
}

/** `shop · access_token`, as jobs are called. */
export function credentialName({ name, kind }: Pick<Row, "name" | "kind">): string {
  return `${name} · ${kind}`;
}

/** The first few names, and how many there are: beside them in English, with them in Chinese. */
export function fewNames(names: readonly string[], language: keyof Bilingual): string {
  const shown = names.slice(0, MOST_NAMES).join(language === "zh" ? "、" : ", ");
  if (names.length <= MOST_NAMES) return shown;
  return language === "zh" ? `${shown} 等 ${names.length} 个` : `${shown} and ${names.length - MOST_NAMES} more`;
}

const MOST_NAMES = 5;
