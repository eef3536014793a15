import { randomBytes } from "node:crypto";
import { EXIT } from "@tokenkeeper/core";
import { formatHash, hashPassword, SALT_BYTES } from "../users/password-hash.ts";
import { readPassword } from "./read-password.ts";

/** Password from the terminal or a pipe → the line for the file of users. */
async function main(): Promise<number> {
  if (process.argv.length > 2) {
    console.error("The password is never taken from the command line, where others see it. Run it without arguments.");
    return EXIT.failure;
  }
  const read = await readPassword({ input: process.stdin, questions: process.stderr });
  if ("refusal" in read) {
    console.error(read.refusal);
    return EXIT.failure;
  }
  console.log(formatHash(await hashPassword(read.password, randomBytes(SALT_BYTES))));
  return EXIT.ok;
}

process.exit(await main());
