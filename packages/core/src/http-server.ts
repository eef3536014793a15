import { once } from "node:events";
import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import type { AddressInfo } from "node:net";
import { SECOND } from "@tokenkeeper/shared/contract";

/** Against slow and large requests. Times in ms, sizes in bytes. */
const LIMITS = {
  headersTimeout: 10 * SECOND,
  requestTimeout: 15 * SECOND,
  keepAliveTimeout: 5 * SECOND,
  connectionsCheckingInterval: 2 * SECOND,
  maxHeaderSize: 8 * 1024,
} as const;
const MAX_CONNECTIONS = 200;

/** What a server has beside the limits that all of ours have. */
export interface HttpServerOptions extends Pick<ServerOptions, "insecureHTTPParser" | "requireHostHeader"> {
  /** @default 200 */
  readonly maxConnections?: number;
}

/** A server with limits; it does not listen yet. */
export function createHttpServer(
  app: RequestListener,
  { maxConnections = MAX_CONNECTIONS, ...options }: HttpServerOptions = {},
): Server {
  const server = createServer({ ...LIMITS, ...options }, app);
  server.maxConnections = maxConnections;
  return server;
}

/** A server that listens. */
export interface Listening {
  readonly port: number;
  /** Ends at once what is idle, and after a while what is not. */
  close(): Promise<void>;
}

/** Where, and how long what is under way may take at the end, ms. */
export interface ListenOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly graceMs: number;
}

/** Listens. Rejects when it cannot listen there; what to do about it is the caller's to say. */
export async function listen(server: Server, { host, port, graceMs }: ListenOptions): Promise<Listening> {
  server.listen({ host, port });
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, "close");
      server.close();
      const impatient = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(impatient);
    },
  };
}
