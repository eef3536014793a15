import { MINUTE, SECOND } from "@tokenkeeper/shared/contract";
import type { Request, Response } from "express";
import type { Changes } from "./changes.ts";

/** A page that does not take this much in time is dropped; it comes back by itself and reads everything anew. */
const MOST_WAITING = 4 * 1024 * 1024;
const KEEP_ALIVE = 15 * SECOND;
/** The browser connects again after this, and the session is looked at again. */
const LONGEST = 5 * MINUTE;

/** Answers with server-sent events as long as the page is open: `at` with the newest revision, then `rows` with a RowsMessage for each change. */
export function streamChanges(
  request: Request,
  response: Response,
  changes: Pick<Changes, "listen" | "rev" | "ended">,
): void {
  response.writeHead(200, {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    // Proxies that collect an answer before they pass it on are asked not to.
    "X-Accel-Buffering": "no",
  });
  response.write(`retry: 2000\nevent: at\ndata: ${changes.rev()}\n\n`);

  // The same text goes to every page.
  const stop = changes.listen((change) => send(`event: rows\ndata: ${textOf(change)}\n\n`));
  const keepAlive = setInterval(() => send(": here\n\n"), KEEP_ALIVE);
  const finish = (): void => void response.end();
  const end = setTimeout(finish, LONGEST);
  changes.ended.addEventListener("abort", finish);
  request.once("close", () => {
    stop();
    clearInterval(keepAlive);
    clearTimeout(end);
    changes.ended.removeEventListener("abort", finish);
  });

  function send(text: string): void {
    if (response.writableLength > MOST_WAITING) response.destroy();
    else response.write(text);
  }
}

let last: { readonly change: object; readonly text: string } | undefined;

/** Fifty pages need the same text at the same time. */
function textOf(change: object): string {
  if (last?.change !== change) last = { change, text: JSON.stringify(change) };
  return last.text;
}
