import { createServer, type Server } from "node:http";

/** Answers `GET /healthz` (this process lives) and `GET /readyz` (it can do its work). */
export interface HealthServer {
  /** The port that is listened on. Rejects when it is taken. */
  listen(port: number): Promise<number>;
  close(): Promise<void>;
}

/** @param isReady whether Redis answers and the worker runs. */
export function createHealthServer(isReady: () => Promise<boolean>): HealthServer {
  const server: Server = createServer((request, response) => {
    const answer = (status: number, word: string): void => {
      response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
      response.end(JSON.stringify({ status: word }));
    };
    if (request.method !== "GET") return answer(405, "method not allowed");
    if (request.url === "/healthz") return answer(200, "ok");
    if (request.url !== "/readyz") return answer(404, "not found");
    isReady().then(
      (ready) => answer(ready ? 200 : 503, ready ? "ready" : "not ready"),
      () => answer(503, "not ready"),
    );
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 15_000;
  server.maxConnections = 200;

  return {
    listen(port) {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address ? address.port : port);
      });
      return promise;
    },
    close() {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      server.closeAllConnections();
      return promise;
    },
  };
}
