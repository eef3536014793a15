import type { RequestListener, Server, ServerResponse } from "node:http";
import { createHttpServer } from "./http-server.ts";

/** What machines ask a process: whether to restart it, whether it can do its work, and its figures. */
export interface Status {
  /** `false`: only a restart helps. That this is answered at all shows that the event loop runs. */
  isLive(): boolean;
  /** Whether it can do its work now; one that rejects cannot. */
  isReady(): Promise<boolean>;
  readonly metrics: {
    /** The content type of what `read` returns. */
    readonly contentType: string;
    read(): Promise<string>;
  };
}

/**
 * Answers `GET /healthz` (the process answers), `/livez`, `/readyz` and `/metrics`. A no is a 503 with a word: whoever may
 * ask here learns nothing else. Nobody signs in, so it listens where only machines of yours reach it.
 */
export function createStatusServer(status: Status): Server {
  const ask: RequestListener = (request, response) => {
    if (request.method !== "GET") return answer(response, 405, "method not allowed");
    const [path = ""] = (request.url ?? "").split("?");
    switch (path) {
      case "/healthz":
        return answer(response, 200, "ok");
      case "/livez":
        return status.isLive() ? answer(response, 200, "live") : answer(response, 503, "not live");
      case "/readyz":
        return void status.isReady().then(
          (ready) => (ready ? answer(response, 200, "ready") : answer(response, 503, "not ready")),
          () => answer(response, 503, "not ready"),
        );
      case "/metrics":
        return void status.metrics.read().then(
          (text) => send(response, { status: 200, type: status.metrics.contentType, body: text }),
          () => answer(response, 503, "not readable"),
        );
      default:
        return answer(response, 404, "not found");
    }
  };
  return createHttpServer(ask);
}

function answer(response: ServerResponse, status: number, word: string): void {
  send(response, { status, type: "application/json", body: JSON.stringify({ status: word }) });
}

function send(
  response: ServerResponse,
  { status, type, body }: { readonly status: number; readonly type: string; readonly body: string },
): void {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
  response.end(body);
}
