import type { AlertsOverview } from "@tokenkeeper/alerts/overview";
import { testAlerts } from "./acts.ts";
import { pagePath } from "./api.ts";
import { html, nothing, type TemplateResult } from "./lib/lit-html/lit-html.js";
import { plainTable } from "./plain-table.ts";
import { reader, t } from "./preferences.ts";
import { ago } from "./time.ts";

/** Open incidents, and the way to try whether messages come through. @param overview null: no file of alerts is set */
export function alertsSection(overview: AlertsOverview | null): TemplateResult {
  if (overview === null) return html`<p class="quiet">${t().noAlerts}</p>`;
  const { receivers, incidents } = overview;
  return html`
    ${incidents.length === 0 ? html`<p>${t().noIncidents}</p>` : table(incidents)}
    <p>
      ${t().receivers}: ${receivers.map(({ name, type }) => `${name} (${type})`).join(", ")}
      ${reader.role === "admin" ? html`<button type="button" @click=${testAlerts}>${t().testAlert}</button>` : nothing}
    </p>
  `;
}

function table(incidents: AlertsOverview["incidents"]): TemplateResult {
  return plainTable(
    [t().incident, t().credential, t().since, t().whatToDo],
    incidents.map(({ title, severity, subject, since, sentence, remedy }) => [
      html`<span class="badge ${severity === "page" ? "bad" : "warn"}"
        ><span aria-hidden="true">${severity === "page" ? "■" : "▲"}</span> ${title[reader.language]}</span
      >`,
      subject ? html`<a href=${pagePath(subject)}>${subject.name} · ${subject.kind}</a>` : t().fleet,
      ago(since),
      remedy?.[reader.language] ?? sentence[reader.language],
    ]),
  );
}
