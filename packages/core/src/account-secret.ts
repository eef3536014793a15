import { describeValue, quoted, type Problem } from "./problems.ts";

/** Reads a file; throws when it cannot. The mode is that of `fs.stat`. */
export type ReadFile = (path: string) => { readonly bytes: Uint8Array; readonly mode: number };

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
  try {
    const { bytes, mode } = readFile(secretFile);
    const warnings = (mode & 0o077) === 0 ? [] : [`${place}: others may read this file; set its mode to 0400`];
    return checked({ secret: new TextDecoder().decode(bytes).trim(), path: place, warnings });
  } catch {
    return refuse({ path: place, expected: "a file that can be read", got: describePath(secretFile) });
  }
}

/** How a path is shown in a problem: somebody may have put a secret, or a whole file, in its place. */
export function describePath(path: string): string {
  const plain = path.length <= 255 && !/\s/.test(path) && !SECRET_PATTERN.test(path);
  return plain ? quoted(path) : `a text of ${path.length} characters`;
}

/** A secret that is not even a text is the schema's to refuse. */
function checked({ secret, path, warnings }: { secret: unknown; path: string; warnings: string[] }): FoundSecret {
  if (typeof secret !== "string") return { secret: "", problems: [], warnings };
  if (SECRET_PATTERN.test(secret)) return { secret, problems: [], warnings };
  const expected = "an AppSecret of 32 letters or digits";
  return { secret: "", problems: [{ path, expected, got: describeValue("secret", secret) }], warnings };
}
