import { texts, type Language, type Texts } from "./texts.ts";

/** What the page knows of the reader. */
export interface Reader {
  readonly user: string;
  readonly role: string;
  language: Language;
  theme: "light" | "dark" | undefined;
}

const { dataset } = document.body;

/** The reader of this page. */
export const reader: Reader = {
  user: dataset["user"] ?? "",
  role: dataset["role"] ?? "viewer",
  language: dataset["language"] === "zh" ? "zh" : "en",
  theme: themeIn(document.documentElement.dataset["theme"]),
};

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

/** Every page of ours is shown so from now on. */
export function chooseTheme(theme: "light" | "dark"): void {
  reader.theme = theme;
  document.documentElement.dataset["theme"] = theme;
  remember("theme", theme);
}

/** Whether the reader may do this; the server refuses what a page shows by mistake. */
export function may(what: "operate" | "administer"): boolean {
  return reader.role === "admin" || (what === "operate" && reader.role === "operator");
}

function remember(name: string, value: string): void {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}

function themeIn(value: string | undefined): Reader["theme"] {
  return value === "light" || value === "dark" ? value : undefined;
}
