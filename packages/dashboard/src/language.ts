import type { Request } from "express";

/** The languages of the pages. */
export type Language = "en" | "zh";

/** The language that was chosen on a page, else the one that the browser prefers of ours; English when it prefers neither. */
export function languageOf(request: Request): Language {
  const chosen = chosenIn(request, "language");
  if (chosen === "en" || chosen === "zh") return chosen;
  return request.acceptsLanguages("en", "zh") === "zh" ? "zh" : "en";
}

/** The language as pages and Bull Board name it. */
export const LOCALES = { en: "en-US", zh: "zh-CN" } as const satisfies Record<Language, string>;

/** `light` or `dark` when one was chosen on a page; else the browser's. */
export function themeOf(request: Request): "light" | "dark" | undefined {
  const chosen = chosenIn(request, "theme");
  return chosen === "light" || chosen === "dark" ? chosen : undefined;
}

/** What a page remembered in a cookie of that name. */
function chosenIn({ headers }: Request, name: string): string | undefined {
  return new RegExp(`(?:^|;\\s*)${name}=(\\w{1,8})(?:;|$)`).exec(headers.cookie ?? "")?.[1];
}
