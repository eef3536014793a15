import { STATUS_CODES, type RequestListener } from "node:http";
import type { Duplex } from "node:stream";
import { createHttpServer, listen as listenAt, type Listening } from "@tokenkeeper/core";
import { SECOND } from "@tokenkeeper/shared/contract";
import { problemOf, REFUSALS, type RefusalWord } from "./refusal.ts";

/** How it listens. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Called for what was refused before it was a request. */
  readonly onRefused: (word: RefusalWord) => void;
}

const LIMITS = {
  maxConnections: 1_000,
  // Of a request that can be read in two ways a proxy may see another one than we do.
  insecureHTTPParser: false,
  // The app refuses one without a Host itself, with a body that says so.
  requireHostHeader: false,
} as const;
const CLOSE_GRACE = SECOND;

const WORDS: Readonly<Record<string, RefusalWord>> = {
  HPE_HEADER_OVERFLOW: "headers_too_large",
  ERR_HTTP_REQUEST_TIMEOUT: "timeout",
};

/** Listens, with limits against ambiguous requests too. Rejects when it cannot listen there. */
export async function listen(app: RequestListener, { host, port, onRefused }: ListenOptions): Promise<Listening> {
  const server = createHttpServer(app, LIMITS);

  function refuse(socket: Duplex & { readonly bytesWritten?: number }, word: RefusalWord): void {
    onRefused(word);
    // After the beginning of another answer nothing can be said any more.
    if (socket.writable && socket.bytesWritten === 0) socket.end(rawAnswer(word));
    else socket.destroy();
  }
  server.on("clientError", (error: NodeJS.ErrnoException, socket) =>
    refuse(socket, WORDS[error.code ?? ""] ?? "bad_request"),
  );
  server.on("checkExpectation", app);
  server.on("connect", (_request, socket) => refuse(socket, "method_not_allowed"));

  return listenAt(server, { host, port, graceMs: CLOSE_GRACE });
}

function rawAnswer(word: RefusalWord): string {
  const { status, message } = REFUSALS[word];
  const body = JSON.stringify(problemOf({ word, message }));
  const headers = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Content-Type: application/json; charset=utf-8",
    "Cache-Control: no-store",
    "Connection: close",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${headers.join("\r\n")}\r\n\r\n${body}`;
}
