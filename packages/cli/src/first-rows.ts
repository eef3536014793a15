import wrapAnsi from "wrap-ansi";
import type { Output } from "./io.ts";

/** What fits on the screen: a longer text would scroll the worst ones away. The cursor has the last row. */
export function firstRows(text: string, { columns = 80, rows = 24 }: Pick<Output, "columns" | "rows">): string {
  const most = Math.max(1, rows - 1);
  // A line takes one row at least: what comes after so many is not shown in any case.
  const lines = text.split("\n").slice(0, most + 1);
  // As the terminal would break them; Chinese characters count as two, colours as nothing.
  const broken = wrapAnsi(lines.join("\n"), columns, { hard: true, wordWrap: false, trim: false }).split("\n");
  return broken.length <= most ? text : [...broken.slice(0, most - 1), "…"].join("\n");
}
