import { EXIT, type Bilingual } from "@tokenkeeper/core";
import { hashTypedPassword, NO_PASSWORD_IN_ARGUMENTS } from "@tokenkeeper/ops";

/** `tokenkeeper hash-password` where there is only the dashboard, as in its image. */
async function main(): Promise<number> {
  if (process.argv.length > 2) {
    console.error(inBoth(NO_PASSWORD_IN_ARGUMENTS));
    return EXIT.failure;
  }
  const hashed = await hashTypedPassword({ input: process.stdin, questions: process.stderr });
  if ("interrupted" in hashed) return EXIT.interrupted;
  if ("refusal" in hashed) {
    console.error(inBoth(hashed.refusal));
    return EXIT.failure;
  }
  console.log(hashed.hash);
  return EXIT.ok;
}

function inBoth({ en, zh }: Bilingual): string {
  return `${en} ${zh}`;
}

process.exit(await main());
