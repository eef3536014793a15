import { isLong, quoted } from "@tokenkeeper/core";
import type { Texts } from "./texts.ts";

/** A word of the command line as it may be repeated: somebody may have pasted a secret in the wrong place. */
export function showWord(word: string, texts: Texts): string {
  return isLong(word) ? texts.longText(word.length) : quoted(word);
}
