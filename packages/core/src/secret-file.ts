import { quoted, type Problem } from "./problems.ts";

/** Reads a file; throws when it cannot. The mode is that of `fs.stat`. */
export type ReadFile = (path: string) => { readonly bytes: Uint8Array; readonly mode: number };

/** What a file of its own holds; whitespace at the ends does not count. */
export type SecretFile =
  | { readonly text: string; readonly warnings: readonly string[] }
  | { readonly problem: Problem };

/** @param place where the file is named in the configuration. */
export function readSecretFile(path: string, place: string, readFile: ReadFile): SecretFile {
  try {
    const { bytes, mode } = readFile(path);
    const warnings = (mode & 0o077) === 0 ? [] : [`${place}: others may read this file; set its mode to 0400`];
    return { text: new TextDecoder().decode(bytes).trim(), warnings };
  } catch {
    return { problem: { path: place, expected: "a file that can be read", got: describePath(path) } };
  }
}

/** An AppSecret or a key of the token HTTP API. */
const SECRET_FORM = /^[0-9A-Za-z_-]{32,}$/;

/** How a path is shown in a problem: somebody may have put a secret, or a whole file, in its place. */
export function describePath(path: string): string {
  const plain = path.length <= 255 && !/\s/.test(path) && !SECRET_FORM.test(path);
  return plain ? quoted(path) : `a text of ${path.length} characters`;
}
