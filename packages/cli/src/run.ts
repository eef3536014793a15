import { ConfigError, errorFields, EXIT } from "@tokenkeeper/core";
import { NotAuditedError, UnavailableError } from "@tokenkeeper/ops";
import { CliError } from "./cli-error.ts";
import type { Io } from "./io.ts";
import { runProgram } from "./program.ts";
import { createSession } from "./session.ts";
import { languageOf, TEXTS, type Texts } from "./texts.ts";

/** Runs one command line. @returns the exit code; never rejects */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const texts = TEXTS[languageOf(args)];
  const session = createSession(io, languageOf(args));
  try {
    return await runProgram(args, session);
  } catch (error) {
    const { message, exitCode } = explain(error, texts);
    session.note(message);
    return exitCode;
  } finally {
    await session.close();
  }
}

/** Our own errors say what to do. Anything else is told by its kind and place alone: its message may hold anything. */
function explain(error: unknown, texts: Texts): { message: string; exitCode: number } {
  if (error instanceof CliError) return error;
  if (error instanceof ConfigError) return { message: error.message, exitCode: EXIT.configuration };
  if (error instanceof UnavailableError) return { message: texts.redisAway, exitCode: EXIT.unavailable };
  if (error instanceof NotAuditedError) return { message: texts.notAudited, exitCode: EXIT.unavailable };
  return { message: `${texts.bug} ${JSON.stringify(errorFields(error))}`, exitCode: EXIT.failure };
}
