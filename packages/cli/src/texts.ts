import { en } from "./texts-en.ts";
import { zh } from "./texts-zh.ts";

/** The languages of the command line. */
export type Language = "en" | "zh";

/** The words of the command line. */
export type Texts = typeof en;

/** The words in each language. */
export const TEXTS: Readonly<Record<Language, Texts>> = { en, zh };

/** The language that `--lang` names, read before everything else because help and errors are in it too. @default en */
export function languageOf(args: readonly string[]): Language {
  const at = args.indexOf("--lang");
  return args.includes("--lang=zh") || (at >= 0 && args[at + 1] === "zh") ? "zh" : "en";
}
