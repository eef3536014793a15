import { STATES, type Row, type State } from "./lib/ops/row.js";
import { refresh, rerun } from "./acts.ts";
import { pagePath } from "./api.ts";
import { redraw, say, show } from "./frame.ts";
import { html, nothing, type TemplateResult } from "./lib/lit-html/lit-html.js";
import { repeat } from "./lib/lit-html/directives/repeat.js";
import { badge, explanation, fetchesToday, lastRefresh, life, stateWord } from "./parts.ts";
import { may, t } from "./preferences.ts";
import { followRows, type Rows } from "./rows.ts";
import { countStates, select, type Selection } from "./selection.ts";
import { ago, instant, until } from "./time.ts";
import { createWindow, type ListWindow } from "./list-window.ts";

/** The start page: every credential. */
export function showCredentials(): void {
  let selection: Selection = selectionIn(new URLSearchParams(location.search));
  let shown: Row[] = [];
  let counts = new Map<State, number>();
  const list = createWindow(redraw);
  const rows: Rows = followRows({
    onConnection: redraw,
    onRows(changed, before) {
      choose({});
      announce(changed ?? [], before);
    },
  });
  // The bars move.
  setInterval(redraw, 1_000);
  show(() => ({ title: t().credentials, content: page(), connection: rows.connection }));

  function choose(change: Partial<Selection>): void {
    selection = { ...selection, ...change };
    shown = select(rows.all.values(), selection);
    counts = countStates(rows.all.values());
    list.setCount(shown.length);
    if (Object.keys(change).length > 0) remember(selection);
    redraw();
  }

  function page(): TemplateResult {
    const failed = shown.filter(({ failedJobs }) => failedJobs > 0);
    return html`
      <div class="tools">
        <label>
          ${t().search}
          <input
            type="search"
            autocomplete="off"
            spellcheck="false"
            .value=${selection.search}
            @input=${(event: Event) => choose({ search: (event.target as HTMLInputElement).value })}
          />
        </label>
        ${choice(t().filter, selection.state, {
          options: [["all", `${t().all} (${rows.all.size})`], ...STATES.flatMap(stateOption)],
          onChoice: (state) => choose({ state: state as Selection["state"] }),
        })}
        ${choice(t().sort, selection.sort, {
          options: [
            ["worst", t().sortWorst],
            ["life", t().sortLife],
            ["name", t().sortName],
          ],
          onChoice: (sort) => choose({ sort: sort as Selection["sort"] }),
        })}
        ${
          failed.length > 1 && may("operate")
            ? html`<button type="button" @click=${() => rerun(failed)}>${t().rerunAll(failed.length)}</button>`
            : nothing
        }
      </div>
      <p class="count" role="status">
        ${rows.connection === "connecting" ? t().connecting : t().shown(shown.length, rows.all.size)}
      </p>
      ${table(shown, list)}
      ${
        shown.length === 0 && rows.connection === "live"
          ? html`<p class="empty">${rows.all.size === 0 ? t().noAccounts : t().empty}</p>`
          : nothing
      }
    `;
  }

  function stateOption(state: State): [string, string][] {
    const count = counts.get(state) ?? 0;
    return count > 0 || selection.state === state ? [[state, `${stateWord(state)} (${count})`]] : [];
  }
}

/** Tells screen readers of what got worse or well again; more than a few at once would only be noise. */
function announce(changed: readonly Row[], before: ReadonlyMap<string, Row>): void {
  const turned = changed.filter(
    ({ id, level }) => before.has(id) && (before.get(id)?.level === "bad") !== (level === "bad"),
  );
  if (turned.length === 0 || turned.length > 3) return;
  say(turned.map((row) => t().changed(`${row.name} · ${row.kind}`, stateWord(row.state))).join("; "));
}

function table(shown: readonly Row[], list: ListWindow): TemplateResult {
  const heads = [t().credential, t().state, t().lifeLeft, t().last, t().next, t().today, t().actions];
  return html`<div class="table" role="table" aria-label=${t().credentials} aria-rowcount=${shown.length + 1}>
    <div class="heads" role="rowgroup">
      <div class="row" role="row" aria-rowindex="1">
        ${heads.map((head) => html`<span role="columnheader">${head}</span>`)}
      </div>
    </div>
    <div class="scroller" role="rowgroup" tabindex="0" aria-label=${t().credentials}>
      <div class="whole" role="presentation" style="height:${list.height()}px">
        ${repeat(
          list.items(),
          ({ index }) => shown[index]?.id,
          ({ index, start }) => {
            const row = shown[index];
            return row ? line(row, index, start) : nothing;
          },
        )}
      </div>
    </div>
  </div>`;
}

function line(row: Row, index: number, start: number): TemplateResult {
  const who = `${row.name} · ${row.kind}`;
  return html`<div
    class="row ${row.level}"
    role="row"
    aria-rowindex=${index + 2}
    data-index=${index}
    data-id=${row.id}
    style="transform:translateY(${start}px)"
  >
    <span role="cell" class="who">
      <a href=${pagePath(row)}>${row.name}</a>
      <span>${row.kind}</span>
      <code>${row.account}</code>
      ${row.follows ? html`<span>${t().follows}</span>` : nothing}
    </span>
    <span role="cell" class="state">${badge(row)}${explanation(row)}</span>
    <span role="cell" class="left">${life(row)}</span>
    <span role="cell">
      ${lastRefresh(row)}
      ${row.last ? html`<span class="quiet" title=${instant(row.last.at)}>${ago(row.last.at)}</span>` : nothing}
    </span>
    <span role="cell">${row.nextAt === undefined ? t().none : until(row.nextAt)}</span>
    <span role="cell">${fetchesToday(row)}</span>
    <span role="cell" class="acts">
      ${
        may("operate")
          ? html`<button type="button" aria-label="${t().refresh} · ${who}" @click=${() => refresh(row)}>
              ${t().refresh}
            </button>`
          : nothing
      }
      ${
        may("operate") && row.failedJobs > 0
          ? html`<button
              type="button"
              class="strong"
              aria-label="${t().rerun(row.failedJobs)} · ${who}"
              @click=${() => rerun([row])}
            >
              ${t().rerun(row.failedJobs)}
            </button>`
          : nothing
      }
    </span>
  </div>`;
}

function choice(
  label: string,
  chosen: string,
  { options, onChoice }: { options: readonly (readonly [string, string])[]; onChoice: (value: string) => void },
): TemplateResult {
  return html`<label>
    ${label}
    <select @change=${(event: Event) => onChoice((event.target as HTMLSelectElement).value)}>
      ${options.map(([value, text]) => html`<option value=${value} ?selected=${value === chosen}>${text}</option>`)}
    </select>
  </label>`;
}

/** What is chosen stands in the address, so that it can be sent to a colleague. */
function remember({ search, state, sort }: Selection): void {
  const query = new URLSearchParams({
    ...(search && { search }),
    ...(state !== "all" && { state }),
    ...(sort !== "worst" && { sort }),
  });
  history.replaceState(null, "", query.size > 0 ? `/?${query}` : "/");
}

function selectionIn(query: URLSearchParams): Selection {
  const sort = query.get("sort");
  return {
    search: query.get("search") ?? "",
    state: STATES.find((state) => state === query.get("state")) ?? "all",
    sort: sort === "life" || sort === "name" ? sort : "worst",
  };
}
