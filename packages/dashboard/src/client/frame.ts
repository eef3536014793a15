import { html, nothing, render, type TemplateResult } from "./lib/lit-html/lit-html.js";
import { chooseLanguage, chooseTheme, reader, shownTheme, t } from "./preferences.ts";
import type { Connection } from "./rows.ts";

/** What is between navigation and the end of a page. */
export interface Page {
  readonly title: string;
  readonly content: TemplateResult;
  readonly connection?: Connection;
}

let said = "";
let queued = false;
let draw: () => Page = () => ({ title: "", content: html`` });

/** Shows a page, and again whenever `redraw` is called. */
export function show(page: () => Page): void {
  draw = page;
  redraw();
}

/** Draws the page anew with the next picture. Calls in between are one. */
export function redraw(): void {
  if (queued) return;
  queued = true;
  requestAnimationFrame(() => {
    queued = false;
    const page = draw();
    document.title = `${page.title} · Tokenkeeper`;
    render(frame(page), document.body);
    document.dispatchEvent(new Event("drawn"));
  });
}

/** Says something that has happened, to eyes and screen readers. */
export function say(text: string): void {
  said = text;
  redraw();
}

function frame({ title, content, connection }: Page): TemplateResult {
  return html`
    <a class="skip" href="#content">${t().skip}</a>
    <header>
      <a class="brand" href="/"><img src="/icon.svg" alt="" width="24" height="24" />Tokenkeeper</a>
      <nav aria-label=${t().navigation}>
        ${link("/", t().credentials)} ${link("/fleet", t().fleet)} ${link("/queues", t().jobs)}
        ${reader.role === "admin" ? link("/audit", t().audit) : nothing}
      </nav>
      <div class="settings">
        <button type="button" lang=${t().otherLanguageCode} @click=${switchLanguage}>${t().otherLanguage}</button>
        <button type="button" @click=${switchTheme} aria-label=${t().switchTheme(otherTheme())}>${otherTheme()}</button>
        <a href="/logout">${t().signOut}<span class="user">${reader.user}</span></a>
      </div>
    </header>
    ${banner(connection)}
    <main id="content" tabindex="-1">
      <h1>${title}</h1>
      ${content}
    </main>
    <div class="said" role="status">${said === "" ? nothing : html`<p>${said}</p>`}</div>
  `;
}

function link(path: string, text: string): TemplateResult {
  const here = path === "/" ? !location.pathname.startsWith("/fleet") : location.pathname === path;
  return html`<a href=${path} aria-current=${here ? "page" : nothing}>${text}</a>`;
}

function banner(connection: Connection | undefined): TemplateResult | typeof nothing {
  if (connection === undefined || connection === "live") return nothing;
  return html`<p class="banner" role=${connection === "connecting" ? "status" : "alert"}>${t()[connection]}</p>`;
}

function otherTheme(): string {
  return shownTheme() === "dark" ? t().light : t().dark;
}

function switchLanguage(): void {
  chooseLanguage(reader.language === "zh" ? "en" : "zh");
  said = "";
  redraw();
}

function switchTheme(): void {
  chooseTheme(shownTheme() === "dark" ? "light" : "dark");
  redraw();
}
