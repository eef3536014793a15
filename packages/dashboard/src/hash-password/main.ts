import { EXIT } from "@tokenkeeper/core";
import { hashTypedPassword, NO_PASSWORD_IN_ARGUMENTS } from "@tokenkeeper/ops";

/** `tokenkeeper hash-password` where there is only the dashboard, as in its image. */
async function main(): Promise<number> {
  if (process.argv.length > 2) {
    console.error(NO_PASSWORD_IN_ARGUMENTS);
    return EXIT.failure;
  }
  const hashed = await hashTypedPassword({ input: process.stdin, questions: process.stderr });
  if ("refusal" in hashed) {
    console.error(hashed.refusal);
    return EXIT.failure;
  }
  console.log(hashed.hash);
  return EXIT.ok;
}

process.exit(await main());
