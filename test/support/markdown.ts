// Reads tables and code blocks of the project's own Markdown files.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** The text of a file, by its path from the project's root. */
export function readDocument(path: string): Promise<string> {
  return readFile(join(ROOT, path), "utf8");
}

/** Every table: its rows as cells without the padding, header first, without the line of dashes. */
export function tablesIn(text: string): string[][][] {
  const blocks = text.split("\n").reduce<string[][]>(
    (found, line) => {
      if (line.startsWith("|")) found.at(-1)?.push(line);
      else if (found.at(-1)?.length) found.push([]);
      return found;
    },
    [[]],
  );
  return blocks.map((lines) => lines.map(cellsOf).filter((cells) => !cells.every((cell) => /^:?-+:?$/.test(cell))));
}

/** The rows of the only table whose header begins with `heading`, without that header. */
export function rowsUnder(text: string, heading: string): string[][] {
  const [table, ...others] = tablesIn(text).filter(([header]) => header?.[0] === heading);
  if (!table || others.length > 0) throw new Error(`not exactly one table under "${heading}"`);
  return table.slice(1);
}

/** The content of the only fenced block with this info string. */
export function blockOf(text: string, info: string): string {
  const [block, ...others] = [...text.matchAll(/^```(.+)\n([^]*?)^```$/gm)].filter(([, found]) => found === info);
  if (!block || others.length > 0) throw new Error(`not exactly one block "${info}"`);
  return (block[2] ?? "").trim();
}

/** What stands between backticks. */
export function codeIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? "");
}

function cellsOf(line: string): string[] {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}
