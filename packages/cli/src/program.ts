import { EXIT } from "@tokenkeeper/core";
import yargs, { type Argv } from "yargs";
import manifest from "../package.json" with { type: "json" };
import { CliError } from "./cli-error.ts";
import { COMMANDS } from "./commands/all-commands.ts";
import { accountsToComplete } from "./complete-accounts.ts";
import type { Session } from "./session.ts";
import { showWord } from "./show-word.ts";
import type { Texts } from "./texts.ts";

/**
 * Understands the command line and runs the command that is meant.
 * @returns the exit code. @throws CliError when it is not understood; rejects as the command does.
 */
export async function runProgram(args: readonly string[], session: Session): Promise<number> {
  const { texts, language } = session;
  let code: number = EXIT.ok;
  let program: Argv = yargs()
    .scriptName("tokenkeeper")
    .usage(`${texts.usage}\n\n${texts.about}`)
    .epilogue(`${texts.exitCodes}\n\n${texts.whichRedis}`)
    .locale(language === "zh" ? "zh_CN" : "en")
    .option("lang", { choices: ["en", "zh"] as const, default: "en", describe: texts.language })
    .version(manifest.version)
    .help()
    .demandCommand(1, texts.noCommand)
    .recommendCommands()
    .strict()
    .parserConfiguration({ "duplicate-arguments-array": false })
    .wrap(Math.min(110, session.io.stdout.columns ?? 100))
    .exitProcess(false)
    .fail((message: string, error: Error | undefined) => {
      throw error ?? new CliError(`${withoutSecrets(message, args, texts)}\n${texts.moreHelp}`, EXIT.usage);
    });
  for (const command of COMMANDS) {
    program = program.command(
      command.signature,
      summaryOf(command.signature, texts),
      (inner) => command.declare(inner, session),
      async (options) => {
        code = await command.run(options, session);
      },
    );
  }
  const accounts = await accountsToComplete(args, session);
  // oxlint-disable-next-line max-params -- yargs calls it so
  const complete = (_word: string, _argv: unknown, usual: () => void, done: (words: string[]) => void): void =>
    accounts ? done(accounts) : usual();
  program = program.completion("completion", texts.commands.completion, complete);
  // Help, version and completions come as one text.
  await program.parseAsync([...args], {}, (_error: unknown, _options: unknown, text: string) => {
    if (text) session.print(text);
  });
  return code;
}

function summaryOf(signature: string, texts: Texts): string {
  const [name] = signature.split(" ");
  const summary = Object.entries(texts.commands).find(([each]) => each === name)?.[1];
  return summary ?? "";
}

/** The library repeats words of the command line as they are. */
function withoutSecrets(message: string, args: readonly string[], texts: Texts): string {
  return args.reduce((text, word) => {
    const shown = showWord(word, texts);
    return shown === JSON.stringify(word) ? text : text.replaceAll(word, shown);
  }, message);
}
