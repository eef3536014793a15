import { html, type nothing, type TemplateResult } from "./lib/lit-html/lit-html.js";

/** A table of texts. */
export function plainTable(
  heads: readonly string[],
  rows: readonly (readonly (string | TemplateResult | typeof nothing)[])[],
): TemplateResult {
  return html`<div class="wide" tabindex="0" role="region" aria-label=${heads.join(", ")}>
    <table>
      <thead>
        <tr>
          ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
