import { EXIT } from "@tokenkeeper/core";
import { hashTypedPassword, NO_PASSWORD_IN_ARGUMENTS } from "@tokenkeeper/ops";
import { CliError } from "../cli-error.ts";
import { defineCommand, hasMoreWords } from "../command.ts";

/** `hash-password`: a line for the dashboard's file of users. */
export const hashPassword = defineCommand({
  signature: "hash-password",
  // What stands behind the command may be the password: it must not come back in an error of the library's.
  declare: (yargs) => yargs.strict(false),
  async run(options, { io, language, print }) {
    if (hasMoreWords(options)) throw new CliError(NO_PASSWORD_IN_ARGUMENTS[language], EXIT.usage);
    const hashed = await hashTypedPassword({ input: io.stdin, questions: io.stderr });
    if ("interrupted" in hashed) return EXIT.interrupted;
    if ("refusal" in hashed) throw new CliError(hashed.refusal[language], EXIT.failure);
    print(hashed.hash);
    return EXIT.ok;
  },
});
