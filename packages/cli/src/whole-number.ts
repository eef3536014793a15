import { EXIT } from "@tokenkeeper/core";
import { CliError } from "./cli-error.ts";
import type { Texts } from "./texts.ts";

/** @throws CliError when what an option was given is no whole number of 1 or more. */
export function checkWholeNumber(option: string, value: number, texts: Texts): void {
  if (!Number.isSafeInteger(value) || value < 1) throw new CliError(texts.wholeNumber(option), EXIT.usage);
}
