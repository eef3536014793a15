import { distance } from "fastest-levenshtein";
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

// Whoever knows a robot's URL may write in its group.
const SECRET_PATH = /secret|password|redis|hash|leader\.key$|receivers\[\d+\]\.url$/i;
/** An AppSecret has 32 characters: a longer text than this may be one that stands in the wrong place. */
const MAX_SHOWN = 24;

/** Whether a text may be a secret in the wrong place, which is not repeated. */
export function isLong(text: string): boolean {
  return text.length > MAX_SHOWN;
}

/** How a value is shown in a problem: short, printable, and a secret only by its length. */
export function describeValue(path: string, value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (typeof value === "string" && SECRET_PATH.test(path)) return `a value of ${value.length} characters`;
  if (typeof value === "string") return isLong(value) ? textLength(value) : quoted(value);
  if (typeof value === "number") return SECRET_PATH.test(path) ? "a number" : String(value);
  if (typeof value === "boolean") return String(value);
  return Array.isArray(value) ? "a list" : "a mapping";
}

/** A text in quotes, without anything that could move the cursor or the reading direction of a terminal. */
export function quoted(text: string): string {
  const escape = (character: string): string => `\\u{${character.codePointAt(0)?.toString(16)}}`;
  return JSON.stringify(text).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, escape);
}

/** A hint at the known name that is nearest to an unknown one, or an empty string. */
export function didYouMean(name: string, known: readonly string[]): string {
  const nearest = nearestTo(name, known);
  return nearest === undefined ? "" : `; did you mean ${nearest}?`;
}

/**
 * Turns what zod found into problems. Every rule carries a text of ours that reads as what was expected.
 * @param knownKeys the keys that a mapping at a path may have, for the nearest known key.
 */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  input: unknown,
  knownKeys: (path: readonly PropertyKey[]) => readonly string[],
): Problem[] {
  const misspelt = new Set<string>();
  const unknown = issues.flatMap((issue): Problem[] => {
    if (issue.code !== "unrecognized_keys") return [];
    const known = knownKeys(issue.path);
    return issue.keys.map((key) => {
      const nearest = nearestTo(key, known);
      if (nearest !== undefined) misspelt.add(pathText([...issue.path, nearest]));
      const expected = `one of ${known.join(", ")}`;
      const got = `the unknown key ${describeValue("", key)}${didYouMean(key, known)}`;
      return { path: pathText([...issue.path, key]), expected, got };
    });
  });
  const wrong = issues.flatMap((issue): Problem[] => {
    if (issue.code === "unrecognized_keys") return [];
    const path = pathText(issue.path);
    const value = valueAt(input, issue.path);
    // A key that stands there misspelt is not said to be missing as well.
    if (value === undefined && misspelt.has(path)) return [];
    const container = issue.code === "invalid_type" && ["object", "array"].includes(issue.expected);
    const got = container && typeof value === "string" ? textLength(value) : describeValue(path, value);
    return [{ path: path || "the file", expected: issue.message, got }];
  });
  return [...unknown, ...wrong];
}

/** `accounts`, 0, `appId` → `accounts[0].appId`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index > 0 ? "." : ""}${keyText(String(part))}`))
    .join("");
}

function keyText(key: string): string {
  return /^[\w-]+$/.test(key) && key.length <= MAX_SHOWN ? key : describeValue("", key);
}

function textLength(text: string): string {
  return `a text of ${text.length} characters`;
}

/** The known name that is nearest to an unknown one, when one is near enough. */
export function nearestTo(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, steps: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((one, other) => one.steps - other.steps);
  const [best] = ranked;
  return best && best.steps <= Math.max(2, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, part) => {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    return Object.getOwnPropertyDescriptor(value, part)?.value;
  }, input);
}
