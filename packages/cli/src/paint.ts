import { styleText } from "node:util";
import type { Level } from "@tokenkeeper/ops";
import type { Output } from "./io.ts";

/** Puts a level into words' colour and mark. */
export type Paint = (level: Level, text: string) => string;

/** One mark for each level, as on the page: what colour says, the form says too. */
const MARKS: Readonly<Record<Level, string>> = { bad: "■", warn: "▲", ok: "●" };
const COLOURS = { bad: "red", warn: "yellow", ok: "green" } as const;

/** Colours only at a terminal, and never with NO_COLOR. */
export function createPaint(stream: Output): Paint {
  return (level, text) => {
    const marked = `${MARKS[level]} ${text}`;
    return stream.isTTY ? styleText(COLOURS[level], marked, { stream }) : marked;
  };
}
