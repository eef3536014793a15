import { stripVTControlCharacters, styleText } from "node:util";
import { describe, expect, it } from "vitest";
import { firstRows } from "./first-rows.ts";

const SCREEN = { columns: 80, rows: 24 };

/** The rows that a terminal of this width shows, each as the text in it. */
function shownBy(columns: number, text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const rows = [""];
    let used = 0;
    for (const character of stripVTControlCharacters(line)) {
      const width = /\p{Script=Han}/u.test(character) ? 2 : 1;
      if (used + width > columns) {
        rows.push("");
        used = 0;
      }
      rows[rows.length - 1] += character;
      used += width;
    }
    return rows;
  });
}

describe("firstRows", () => {
  it.each([
    ["long lines", (line: number) => `${line} ${"x y ".repeat(30)}`],
    ["Chinese lines", (line: number) => `${line} ${"凭证".repeat(30)}`],
    [
      "coloured lines",
      (line: number) => `${line} ${styleText("red", "■ Needs you ".repeat(10), { validateStream: false })}`,
    ],
    ["lines as wide as the screen", (line: number) => `${line % 10}`.padEnd(80, "x")],
    ["short lines and empty ones", (line: number) => (line % 2 === 0 ? `${line}` : "")],
  ])("keep the head of 40 %s on the screen, and leave a row to the cursor", (_what, lineOf) => {
    const text = Array.from({ length: 40 }, (_, line) => lineOf(line)).join("\n");

    const shown = shownBy(SCREEN.columns, firstRows(text, SCREEN));

    expect(shown).toHaveLength(SCREEN.rows - 1);
    expect(shown.slice(0, -1)).toEqual(shownBy(SCREEN.columns, text).slice(0, SCREEN.rows - 2));
    expect(shown.at(-1)).toBe("…");
  });

  it("leave a text that fits as it is", () => {
    const text = ["x".repeat(160), "凭证", ""].join("\n");

    expect(firstRows(text, SCREEN)).toBe(text);
    expect(firstRows("x".repeat(80 * 23), SCREEN)).toBe("x".repeat(80 * 23));
  });

  it("suppose a usual screen where its size is not known", () => {
    expect(shownBy(80, firstRows("x".repeat(80 * 24), {}))).toHaveLength(23);
  });
});
