import { en } from "./texts-en.ts";
import { zh } from "./texts-zh.ts";

/** The languages of the page. */
export type Language = "en" | "zh";

/** The words of the page. */
export type Texts = typeof en;

/** The words in each language. */
export const texts: Readonly<Record<Language, Texts>> = { en, zh };
