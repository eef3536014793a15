import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { createProgress } from "./progress.ts";

function drawn(isTTY: boolean): string {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 });
  let text = "";
  stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const progress = createProgress(stream, "Re-running");
  progress.step(0, 50);
  progress.step(50, 50);
  progress.end();
  stream.read();
  return text;
}

describe("createProgress", () => {
  it("draws a bar at a terminal", () => {
    expect(drawn(true)).toMatch(/Re-running ░+ 0\/50/);
  });

  it("changes no mode of the terminal, which Ctrl-C would leave so", () => {
    expect(drawn(true)).not.toContain("\u001B[?");
  });

  it("draws nothing where no terminal is", () => {
    expect(drawn(false)).toBe("");
  });
});
