import { describeValue, type Problem } from "./problems.ts";
import { readSecretFile, type ReadFile } from "./secret-file.ts";

/** The secret of one account, or what is wrong with it. */
export interface FoundSecret {
  readonly secret: string;
  readonly problems: readonly Problem[];
  /** Sentences about what is accepted but should be looked at. */
  readonly warnings: readonly string[];
}

const SECRET_PATTERN = /^[0-9A-Za-z]{32}$/;

/**
 * Finds the secret that an account names, in the file of accounts or in a file of its own, where whitespace
 * at the ends does not count.
 * @param path the account's place in the file of accounts.
 */
export function findSecret(
  account: Readonly<Record<string, unknown>>,
  { path, readFile }: { path: string; readFile: ReadFile },
): FoundSecret {
  const { secret, secretFile } = account;
  const refuse = (problem: Problem): FoundSecret => ({ secret: "", problems: [problem], warnings: [] });
  if ((secret === undefined) === (secretFile === undefined)) {
    return refuse({ path, expected: "either secret or secretFile", got: secret === undefined ? "neither" : "both" });
  }
  if (typeof secretFile !== "string") return checked({ secret, path: `${path}.secret`, warnings: [] });
  const place = `${path}.secretFile`;
  const read = readSecretFile(secretFile, place, readFile);
  return "problem" in read
    ? refuse(read.problem)
    : checked({ secret: read.text, path: place, warnings: read.warnings });
}

/** Whether an account has no secret of its own at all. */
export function lacksSecret({ secret, secretFile }: Readonly<Record<string, unknown>>): boolean {
  return secret === undefined && secretFile === undefined;
}

/** A secret that is not even a text is the schema's to refuse. */
function checked({
  secret,
  path,
  warnings,
}: {
  secret: unknown;
  path: string;
  warnings: readonly string[];
}): FoundSecret {
  if (typeof secret !== "string") return { secret: "", problems: [], warnings };
  if (SECRET_PATTERN.test(secret)) return { secret, problems: [], warnings };
  const expected = "an AppSecret of 32 letters or digits";
  return { secret: "", problems: [{ path, expected, got: describeValue("secret", secret) }], warnings };
}
