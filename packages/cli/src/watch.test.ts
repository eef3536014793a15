import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { createSession } from "./session.ts";
import { watch } from "./watch.ts";

/** A terminal of 80 columns and 24 rows, and what was written to it. */
function terminal(): { stdout: PassThrough; written: () => string } {
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  let written = "";
  stdout.on("data", (chunk: Buffer) => (written += chunk.toString()));
  return { stdout, written: () => written };
}

it("a watch at a terminal shows the head of 20 rows that are wider than the screen", async () => {
  const { stdout, written } = terminal();
  const stop = Promise.withResolvers<() => void>();
  const io = {
    stdin: Object.assign(new PassThrough(), { isTTY: true }),
    stdout,
    stderr: new PassThrough(),
    env: {},
    cwd: "/",
    user: "tester",
    host: "here",
    signals: { on: (_event: string, listener: () => void) => stop.resolve(listener) },
    now: () => 0,
  };
  const text = Array.from({ length: 20 }, (_, row) => `row ${row} ${"x".repeat(130)}`).join("\n");
  const printed = new Promise((resolve) => void stdout.once("data", resolve));

  const watching = watch(createSession(io, "en"), () => Promise.resolve({ text, code: 1 }));
  await printed;
  (await stop.promise)();

  expect(await watching).toBe(1);
  const screen = written().slice(written().lastIndexOf("row 0"));
  // Two rows each: 22 rows of the text, the mark of what is left out, and the cursor's.
  expect(screen.trimEnd().split("\n")).toHaveLength(23);
  expect(screen).toContain("row 10 ");
  expect(screen).not.toContain("row 11 ");
  expect(screen).toMatch(/\n…\n$/);
});
