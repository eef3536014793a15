import type { Request } from "express";

/** The languages of the pages. */
export type Language = "en" | "zh";

/** The language that the browser prefers of ours; English when it prefers neither. */
export function languageOf(request: Request): Language {
  return request.acceptsLanguages("en", "zh") === "zh" ? "zh" : "en";
}

/** The language as pages and Bull Board name it. */
export const LOCALES = { en: "en-US", zh: "zh-CN" } as const satisfies Record<Language, string>;
