import { randomBytes } from "node:crypto";
import type { Bilingual } from "@tokenkeeper/core";
import { formatHash, hashPassword, SALT_BYTES } from "./password-hash.ts";
import { readPassword, type Interrupted, type PasswordInput } from "./read-password.ts";

/** The password's line for the file of users, or the sentence that says why there is none. */
export type HashedPassword = { readonly hash: string } | { readonly refusal: Bilingual } | Interrupted;

/** Why a password that came as an argument is not looked at. */
export const NO_PASSWORD_IN_ARGUMENTS: Bilingual = {
  en: "The password is never taken from the command line, where others see it. Run it without arguments.",
  zh: "密码不会从命令行参数读取，以免被他人看到。请不带参数运行。",
};

/** Password from the terminal or a pipe → the line for the file of users. */
export async function hashTypedPassword(from: PasswordInput): Promise<HashedPassword> {
  const read = await readPassword(from);
  if (!("password" in read)) return read;
  return { hash: formatHash(await hashPassword(read.password, randomBytes(SALT_BYTES))) };
}
