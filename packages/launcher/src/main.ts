// `pnpm start`
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CONFIG_FILE, ConfigError, EXIT, untilToldToStop } from "@tokenkeeper/core";
import { errorCode } from "./error-code.ts";
import { untilParentIsGone } from "./parent.ts";
import { StartError } from "./start-error.ts";
import { start } from "./start.ts";
import { readStartSettings } from "./start-settings.ts";
import { stateFolderOf } from "./state-folder.ts";

const say = (text: string): void => void process.stdout.write(text);

function exitCodeOf(error: unknown): number {
  if (error instanceof StartError) return error.exitCode;
  return error instanceof ConfigError ? EXIT.configuration : EXIT.failure;
}

function sentenceOf(error: unknown): string {
  if (error instanceof StartError || error instanceof ConfigError) return error.message;
  return `The start failed (${errorCode(error) ?? "no code"}). Run it again; if it fails again, please report it.`;
}

// The terminal may be gone before we are.
process.stdout.on("error", () => undefined);
const ending = new AbortController();
void Promise.race([untilToldToStop(process), untilParentIsGone()]).then(() => ending.abort());

try {
  const { env } = process;
  const root = join(import.meta.dirname, "../../..");
  const settings = readStartSettings(env, existsSync(CONFIG_FILE));
  await start({ env, root, settings, state: stateFolderOf(env, root), say, signal: ending.signal });
  process.exit(EXIT.ok);
} catch (error) {
  say(`${sentenceOf(error)}\n`);
  process.exit(exitCodeOf(error));
}
