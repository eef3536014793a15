import { texts, type Language, type Texts } from "./texts.ts";

/** What the page knows of the reader. */
export interface Reader {
  readonly user: string;
  readonly role: string;
  language: Language;
  theme: "light" | "dark" | undefined;
}

/** The name of Bull Board's settings in the browser's storage, and beside it their version 2. */
const BOARD_SETTINGS = "board-settings";

const { dataset } = document.body;

/** The reader of this page. */
export const reader: Reader = {
  user: dataset["user"] ?? "",
  role: dataset["role"] ?? "viewer",
  language: dataset["language"] === "zh" ? "zh" : "en",
  theme: themeIn(document.documentElement.dataset["theme"]),
};

if (reader.theme) tellBullBoard(reader.theme);

/** The words of the page in the reader's language. */
export function t(): Texts {
  return texts[reader.language];
}

/** Every page is shown so from now on, Bull Board's language too. */
export function chooseLanguage(language: Language): void {
  reader.language = language;
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en-US";
  remember("language", language);
}

/** What the reader sees at this moment. */
export function shownTheme(): "light" | "dark" {
  return reader.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

/** Every page is shown so from now on, Bull Board's too. */
export function chooseTheme(theme: "light" | "dark"): void {
  reader.theme = theme;
  document.documentElement.dataset["theme"] = theme;
  remember("theme", theme);
  tellBullBoard(theme);
}

/** Whether the reader may do this; the server refuses what a page shows by mistake. */
export function may(what: "operate" | "administer"): boolean {
  return reader.role === "admin" || (what === "operate" && reader.role === "operator");
}

/** Bull Board reads its own settings from the browser's storage, those that are missing are its defaults. */
function tellBullBoard(theme: "light" | "dark"): void {
  const { state, version }: { state?: object; version?: number } = storedSettings();
  localStorage.setItem(BOARD_SETTINGS, JSON.stringify({ state: { ...state, theme }, version: version ?? 2 }));
}

function storedSettings(): object {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(BOARD_SETTINGS) ?? "{}");
    return typeof stored === "object" && stored !== null ? stored : {};
  } catch {
    return {};
  }
}

function remember(name: string, value: string): void {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}

function themeIn(value: string | undefined): Reader["theme"] {
  return value === "light" || value === "dark" ? value : undefined;
}
