#!/usr/bin/env node
import { hostname, userInfo } from "node:os";
import { run } from "./run.ts";

/** A container may run under a number without a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "?");
  }
}

// Who reads along may stop before the end, as `head` does.
process.stdout.on("error", () => process.exit(0));
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
process.exit(await run(process.argv.slice(2), io));
