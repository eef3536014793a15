#!/usr/bin/env node
import { hostname, userInfo } from "node:os";
import { EXIT } from "@tokenkeeper/core";
import { run } from "./run.ts";
import { languageOf, TEXTS } from "./texts.ts";

/** A container may run under a number without a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "?");
  }
}

const args = process.argv.slice(2);
process.stdout.on("error", ({ code = "?" }: NodeJS.ErrnoException) => {
  // Who reads along may stop before the end, as `head` does.
  if (code === "EPIPE") process.exit(EXIT.ok);
  process.stderr.write(`${TEXTS[languageOf(args)].outputLost(code)}\n`);
  process.exit(EXIT.failure);
});
const io = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  user: userName(),
  host: hostname(),
  signals: process,
  now: () => Date.now(),
};
const code = await run(args, io);
// What could not be written shows before the end.
await new Promise<void>((resolve) => void process.stdout.write("", () => setImmediate(resolve)));
process.exit(code);
