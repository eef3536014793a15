import type { Detail, HistoryEntry, Reporter } from "./lib/ops/row.js";
import { REPORT_WORDS, wordOf } from "./lib/ops/words.js";
import { force, pause, refresh, rerun, resetQuota, resume } from "./acts.ts";
import { ApiError, read } from "./api.ts";
import { drawCharts } from "./charts.ts";
import { redraw, show } from "./frame.ts";
import { html, nothing, type TemplateResult } from "./lib/lit-html/lit-html.js";
import { badge, explanation, fetchesToday, lastRefresh, life } from "./parts.ts";
import { plainTable } from "./plain-table.ts";
import { may, reader, shownTheme, t } from "./preferences.ts";
import { followRows } from "./rows.ts";
import { ago, instant, serverNow, setServerTime, took, until } from "./time.ts";

/** A job ends a moment after the commit that the page is told of. */
const AFTER_CHANGE = [50, 1_500];

/** One credential: what is known of it, what happened to it, what can be done. */
export function showCredential(account: string, kind: string): void {
  let detail: Detail | undefined;
  let missing = "";
  let drawn = "";
  const id = `${account}:${kind}`;
  const rows = followRows({
    onConnection: redraw,
    onRows(changed) {
      if (changed && !changed.some((row) => row.id === id)) return;
      for (const wait of AFTER_CHANGE) setTimeout(() => void readDetail(), wait);
    },
  });
  document.addEventListener("drawn", () => draw());
  addEventListener("resize", () => draw(true));
  setInterval(redraw, 1_000);
  show(() => ({
    title: detail ? `${detail.row.name} · ${kind}` : kind,
    content: detail ? content(detail) : html`<p class="empty">${missing}</p>`,
    connection: rows.connection,
  }));

  async function readDetail(): Promise<void> {
    try {
      detail = await read<Detail>(`/api/credentials/${account}/${kind}`);
      setServerTime(detail.now);
    } catch (error) {
      missing = error instanceof ApiError ? error.message : t().notFound;
    }
    redraw();
  }

  /** Charts are drawn anew only when there is something new on them. */
  function draw(again = false): void {
    if (!detail) return;
    const state = JSON.stringify([detail.history[0], detail.history.length, shownTheme(), reader.language]);
    if (state === drawn && !again) return;
    drawn = state;
    drawCharts(detail.history, serverNow(), {
      life: t().chartLife,
      latency: t().chartLatency,
      failures: t().chartFailures,
    });
  }
}

function content(detail: Detail): TemplateResult {
  const { row, history, reporters } = detail;
  return html`
    <p class="back"><a href="/">← ${t().credentials}</a></p>
    <section class="now ${row.level}" aria-label=${t().state}>
      <div>${badge(row)} ${explanation(row)}</div>
      <div class="left">${life(row)}</div>
      ${buttons(detail)}
    </section>
    <h2>${t().facts}</h2>
    ${facts(detail)} ${reporters.length > 0 ? reports(reporters) : nothing}
    <h2>${t().charts}</h2>
    <div class="charts">
      ${chart("life", t().chartLife)} ${chart("latency", t().chartLatency)} ${chart("failures", t().chartFailures)}
    </div>
    <p class="quiet">${t().chartTable}</p>
    <h2>${t().timeline}</h2>
    ${history.length === 0 ? html`<p class="empty">${t().noHistory}</p>` : timeline(history)}
  `;
}

function chart(name: string, label: string): TemplateResult {
  return html`<figure>
    <figcaption>${label}</figcaption>
    <div id="chart-${name}" role="img" aria-label=${label}></div>
  </figure>`;
}

function buttons(detail: Detail): TemplateResult | typeof nothing {
  const { row } = detail;
  if (!may("operate")) return nothing;
  return html`<div class="acts">
    <button type="button" @click=${() => refresh(row)}>${t().refresh}</button>
    ${
      row.failedJobs > 0
        ? html`<button type="button" class="strong" @click=${() => rerun([row])}>${t().rerun(row.failedJobs)}</button>`
        : nothing
    }
    ${may("administer") ? strongButtons(detail) : nothing}
  </div>`;
}

function strongButtons(detail: Detail): TemplateResult {
  const { row } = detail;
  // What only WeChat can do is asked for where WeChat is asked: at the leader.
  const isToken = row.kind === "access_token" && !row.follows;
  return html`
    ${isToken ? html`<button type="button" @click=${() => force(detail)}>${t().force}</button>` : nothing}
    ${
      row.paused
        ? html`<button type="button" class="strong" @click=${() => resume(row)}>${t().resume}</button>`
        : html`<button type="button" @click=${() => pause(row)}>${t().pause}</button>`
    }
    ${isToken ? html`<button type="button" @click=${() => resetQuota(row)}>${t().resetQuota}</button>` : nothing}
  `;
}

function facts({ row, facts: more }: Detail): TemplateResult {
  const at = (time: number | undefined): string | undefined =>
    time === undefined ? undefined : `${instant(time)} (${ago(time)})`;
  const coming = (time: number | undefined): string | undefined =>
    time === undefined ? undefined : `${instant(time)} (${until(time)})`;
  const last = more.reportedSeen === undefined ? "" : ` · ${t().lastReport(ago(more.reportedSeen))}`;
  const all: [string, string | TemplateResult | undefined][] = [
    [t().appId, html`<code>${row.account}</code>`],
    [t().type, `${more.family} · ${row.follows ? t().follows : row.token}`],
    [t().fingerprint, row.fingerprint && html`<code>${row.fingerprint}</code>`],
    [t().issued, at(row.issuedAt)],
    [t().expires, coming(row.expiresAt)],
    [t().last, lastRefresh(row)],
    [t().next, coming(row.nextAt) ?? t().none],
    [t().today, fetchesToday(row)],
    [t().byHand, `${more.byHand} / ${more.handCap}`],
    [
      t().forcedToday,
      row.token === "stable" && row.kind === "access_token" && !row.follows
        ? `${more.forced} / ${more.forcedCap}`
        : undefined,
    ],
    [
      t().failures,
      row.failures > 0 ? `${row.failures}${row.failingSince ? ` · ${ago(row.failingSince)}` : ""}` : undefined,
    ],
    ["rid", row.trouble?.rid && html`<code>${row.trouble.rid}</code>`],
    [t().reported, `${t().reportedToday(more.reportedToday)}${last}`],
    [t().foreignToday, row.foreignAt ? `${row.foreign} · ${ago(row.foreignAt)}` : undefined],
    [t().unknownOutcome, row.unknown ? at(more.intentAt) : undefined],
    [t().settle, coming(more.settleDue)],
    [t().pause, row.paused && `${t().paused(row.paused.by)} ${ago(row.paused.at)}`],
  ];
  return html`<dl class="facts">
    ${all.flatMap(([name, text]) =>
      text === undefined || text === ""
        ? []
        : [
            html`<div>
              <dt>${name}</dt>
              <dd>${text}</dd>
            </div>`,
          ],
    )}
  </dl>`;
}

/** Who said that WeChat refuses it. */
function reports(reporters: readonly Reporter[]): TemplateResult {
  return html`<h2>${t().reports}</h2>
    ${plainTable(
      [t().reporter, t().lastSaid, t().times, t().outcome],
      reporters.map(({ app, at, since, times, result }) => [
        app === "-" ? html`<span class="quiet">${t().unnamed}</span>` : app,
        html`<time datetime=${new Date(at).toISOString()}>${instant(at)}</time> (${ago(at)})`,
        times > 1 ? t().timesSince(times, instant(since)) : String(times),
        REPORT_WORDS[result][reader.language],
      ]),
    )}`;
}

function timeline(history: readonly HistoryEntry[]): TemplateResult {
  const word = (name: string | undefined): string => (name === undefined ? "" : wordOf(name, reader.language));
  return plainTable(
    [t().time, t().trigger, t().why, t().outcome, t().duration, t().fingerprint, t().job],
    history.map((entry) => [
      html`<time datetime=${new Date(entry.at).toISOString()}>${instant(entry.at)}</time>`,
      word(entry.trigger),
      word(entry.reason),
      outcome(entry),
      entry.durationMs === undefined ? "" : took(entry.durationMs),
      entry.fingerprint ? html`<code>${entry.fingerprint}</code>` : "",
      html`<a href="/queues/queue/refresh/${entry.job}">${entry.job}</a>`,
    ]),
  );
}

function outcome({ outcome: word, unchanged, failure }: HistoryEntry): TemplateResult {
  const text = wordOf(word, reader.language);
  if (!failure) return html`${text}${unchanged ? ` (${t().unchanged})` : ""}`;
  return html`<span class="badge bad"><span aria-hidden="true">■</span> ${text}</span>
    <span>${failure.facts}</span> ${failure.text[reader.language]}`;
}
