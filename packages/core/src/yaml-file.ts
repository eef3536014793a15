import { parseDocument } from "yaml";
import type { Problem } from "./problems.ts";

const MAX_BYTES = 32 * 1024 * 1024;
/** A file of accounts has five levels: file, api, keys, key, accounts; a file of users has three. */
const MAX_LEVELS = 8;

/**
 * The plain values of a YAML (or JSON) file, or the one problem that keeps it from being read.
 * @param holds what the file lists, as the end of "expected …" when it is empty.
 */
export function parseYaml(bytes: Uint8Array, holds: string): { value: unknown } | { problem: Problem } {
  const refuse = (expected: string, got: string): { problem: Problem } => ({
    problem: { path: "the file", expected, got },
  });
  if (bytes.byteLength > MAX_BYTES) return refuse("at most 32 MiB", `${bytes.byteLength} bytes`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return refuse("text in UTF-8", "other bytes");
  }
  if (text.trim() === "") return refuse(holds, "an empty file");
  // The parser's own messages may quote the file, secrets included: it must not print, and only the place is passed on.
  const document = parseDocument(text, { strict: true, uniqueKeys: true, stringKeys: true, logLevel: "error" });
  const [fault] = [...document.errors, ...document.warnings];
  if (fault) {
    const place = fault.linePos?.[0];
    return refuse("YAML without duplicate keys or tags", `a fault in line ${place?.line}, column ${place?.col}`);
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch {
    return refuse("YAML with at most 100 aliases", "more");
  }
  return isDeeperThan(value, MAX_LEVELS) ? refuse(`at most ${MAX_LEVELS} levels`, "more") : { value };
}

/** Ends at the first place that is too deep: an alias may lead back to what holds it. */
function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeperThan(item, levels - 1));
}
