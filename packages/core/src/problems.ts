import { closest, distance } from "fastest-levenshtein";
import type { z } from "zod";

/** One thing that is wrong in a configuration, with its place. */
export interface Problem {
  /** The variable, or the path in the file: `accounts[0].appId`. */
  readonly path: string;
  readonly expected: string;
  /** What came instead; a secret only by its length. */
  readonly got: string;
}

/** A configuration is refused; carries every problem at once. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(({ path, expected, got }) => `  ${path}: expected ${expected}, got ${got}`);
    super(`The configuration has ${problems.length} problem${problems.length === 1 ? "" : "s"}:\n${lines.join("\n")}`);
    this.problems = problems;
  }
}

const SECRET_PATH = /secret|password|redis/i;

/** How a value is shown in a problem: short, printable, and a secret only by its length. */
export function describeValue(path: string, value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (typeof value === "string" && SECRET_PATH.test(path)) return `a value of ${value.length} characters`;
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return Array.isArray(value) ? "a list" : "a mapping";
}

/** A hint at the known name that is nearest to an unknown one, or an empty string. */
export function didYouMean(name: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const nearest = closest(name, [...known]);
  const near = distance(name.toLowerCase(), nearest.toLowerCase()) <= Math.max(2, Math.floor(nearest.length / 3));
  return near ? `; did you mean ${nearest}?` : "";
}

/**
 * Turns what zod found into problems. The message of a rule of ours reads as what was expected.
 * @param knownKeys the keys that a mapping at a path may have, for the nearest known key.
 */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  input: unknown,
  knownKeys: (path: readonly PropertyKey[]) => readonly string[],
): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    const path = pathText(issue.path);
    if (issue.code === "unrecognized_keys") {
      const known = knownKeys(issue.path);
      return issue.keys.map((key) => ({
        path: pathText([...issue.path, key]),
        expected: `one of ${known.join(", ")}`,
        got: `the unknown key ${JSON.stringify(key)}${didYouMean(key, known)}`,
      }));
    }
    const value = valueAt(input, issue.path);
    const expected = issue.code === "invalid_type" ? typeName(issue.expected) : issue.message;
    return [{ path: path || "the file", expected, got: describeValue(path, value) }];
  });
}

/** `accounts`, 0, `appId` → `accounts[0].appId`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index > 0 ? "." : ""}${String(part)}`))
    .join("");
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, part) => {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    return Object.getOwnPropertyDescriptor(value, part)?.value;
  }, input);
}

function typeName(expected: string): string {
  const names: Record<string, string> = { object: "a mapping", array: "a list", string: "a text", number: "a number" };
  return names[expected] ?? expected;
}
