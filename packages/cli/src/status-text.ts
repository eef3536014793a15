import { STATE_WORDS, wordOf, type Row } from "@tokenkeeper/ops";
import { aboutAll, byCommand } from "./by-command.ts";
import type { Session } from "./session.ts";
import { tableText } from "./table.ts";
import { createTimes, type Times } from "./times.ts";
import { credentialName, fewNames, groupTroubles } from "./troubles.ts";

/** What is shown of how many. */
export interface Shown {
  /** Redis time, epoch ms. */
  readonly now: number;
  readonly shown: readonly Row[];
  readonly all: number;
}

/** The table of credentials, and what there is to do about those that are not well. */
export function statusText(session: Session, { now, shown, all }: Shown): string {
  const { texts } = session;
  if (all === 0) return texts.noAccounts;
  if (shown.length === 0) return texts.empty;
  const times = createTimes(session, now);
  const head = [texts.credential, texts.kindHead, texts.state, texts.lifeLeft, texts.last, texts.next, texts.today];
  const table = tableText(
    head,
    shown.map((row) => cellsOf(row, { session, times, now })),
  );
  return [table, ...explanations(session, shown), texts.status.shown(shown.length, all)].join("\n\n");
}

function cellsOf(row: Row, { session, times, now }: { session: Session; times: Times; now: number }): string[] {
  const { texts, language, paint } = session;
  const { name, kind, state, level, expiresAt, nextAt, used, cap, foreign } = row;
  return [
    name,
    kind,
    paint(level, STATE_WORDS[state].word[language]),
    expiresAt === undefined || expiresAt <= now ? texts.none : times.span(expiresAt - now),
    lastRefresh(row, session, times),
    nextAt === undefined ? "–" : times.until(nextAt),
    [texts.fetches(used, cap), foreign > 0 && texts.foreign(foreign)].filter(Boolean).join(" · "),
  ];
}

/** Outcome, reason and age of the last refresh. */
function lastRefresh({ last }: Row, { texts, language }: Session, times: Times): string {
  if (!last) return texts.never;
  const parts = [wordOf(last.outcome, language), last.reason && wordOf(last.reason, language), last.code];
  return [...parts, times.ago(last.at)].filter(Boolean).join(" · ");
}

function explanations({ texts, language, paint }: Session, shown: readonly Row[]): string[] {
  return groupTroubles(shown.filter(({ level, foreign }) => level !== "ok" || foreign > 0)).map((group) => {
    const names = fewNames(
      group.rows.map((row) => credentialName(row)),
      language,
    );
    const about = aboutAll(group.rows);
    const remedy = group.remedy && `  ${texts.whatToDo}: ${byCommand(group.remedy[language], language, about)}`;
    return [paint(group.level, names), `  ${group.sentence[language]}`, remedy].filter(Boolean).join("\n");
  });
}
