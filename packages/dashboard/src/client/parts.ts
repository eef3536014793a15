import type { Row, State } from "./lib/ops/row.js";
import { sentencesOf, STATE_WORDS, wordOf } from "./lib/ops/words.js";
import { html, nothing, type TemplateResult } from "./lib/lit-html/lit-html.js";
import { reader, t } from "./preferences.ts";
import { serverNow, span, took } from "./time.ts";

// Parts that the list and a credential's own page share.

/** One mark for each level: what colour says, the form says too. */
const MARKS = { bad: "■", warn: "▲", ok: "●" } as const;

/** The state as a word. */
export function stateWord(state: State): string {
  return STATE_WORDS[state].word[reader.language];
}

/** The state as a coloured word. */
export function badge({ state, level }: Row): TemplateResult {
  return html`<span class="badge ${level}"><span aria-hidden="true">${MARKS[level]}</span> ${stateWord(state)}</span>`;
}

/** What there is to say, and to do. */
export function explanation(row: Row): TemplateResult {
  const { sentence, remedy } = sentencesOf(row);
  return html`<p class="sentence">${sentence[reader.language]}</p>
    ${remedy ? html`<p class="remedy"><b>${t().whatToDo}:</b> ${remedy[reader.language]}</p>` : nothing}`;
}

/** Life left as a bar that moves, and in words. */
export function life({ issuedAt, expiresAt }: Row): TemplateResult {
  const rest = expiresAt === undefined ? 0 : Math.max(0, expiresAt - serverNow());
  if (rest === 0 || expiresAt === undefined) return html`<span class="life none">${t().none}</span>`;
  const whole = Math.max(expiresAt - (issuedAt ?? serverNow()), 1);
  const percent = Math.min(100, (rest / whole) * 100);
  const low = percent < 10 ? "low" : "";
  return html`<span class="bar ${low}" aria-hidden="true"><span style="width:${percent.toFixed(2)}%"></span></span
    ><span class="life">${span(rest)}</span>`;
}

/** Outcome, reason and duration of the last refresh. */
export function lastRefresh({ last }: Row): TemplateResult {
  if (!last) return html`<span class="quiet">${t().never}</span>`;
  const word = (name: string): string => wordOf(name, reader.language);
  const parts = [word(last.outcome), last.reason && word(last.reason), last.code];
  const duration = last.durationMs === undefined ? "" : ` · ${took(last.durationMs)}`;
  return html`${parts.filter(Boolean).join(" · ")}${duration}`;
}

/** Fetches of the day, and those of others. */
export function fetchesToday({ used, cap, foreign, follows }: Row): TemplateResult {
  const text = follows ? t().leaderReads(used) : t().fetches(used, cap);
  return html`<span class=${used >= cap ? "low" : ""}>${text}</span>
    ${foreign > 0 ? html`<span class="badge warn"><span aria-hidden="true">▲</span> ${t().foreign(foreign)}</span>` : nothing}`;
}
