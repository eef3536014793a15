import type { Argv } from "yargs";
import type { Session } from "./session.ts";

/** One command as the program knows it. */
export interface Command<Options = object> {
  /** As yargs has it: `get <account> [kind]`; its first word is the name. */
  readonly signature: string;
  /** Declares arguments and options. */
  declare(yargs: Argv, session: Session): Argv<Options>;
  /** @returns the exit code. Rejects with errors that `run` explains. */
  run(options: Options, session: Session): Promise<number>;
}

/** A command whose options are inferred from what it declares. */
export function defineCommand<Options>(command: Command<Options>): Command {
  return command as unknown as Command;
}

/** Whether a command that takes no arguments was given some, of which nothing may be repeated: a secret in the wrong place. */
export function hasMoreWords(options: object): boolean {
  const {
    _: words,
    $0: _script,
    lang: _lang,
    stdin: _stdin,
    ...others
  } = options as { readonly _: readonly unknown[] } & Record<string, unknown>;
  return words.length > 1 || Object.keys(others).length > 0;
}
