import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { SECOND } from "@tokenkeeper/shared/contract";
import { UnavailableError } from "@tokenkeeper/ops";

/** A server that listens. */
export interface Listening {
  readonly port: number;
  /** Ends at once what is idle, and after 3 s what is not. */
  close(): Promise<void>;
}

const LIMITS = {
  headersTimeout: 10 * SECOND,
  requestTimeout: 15 * SECOND,
  keepAliveTimeout: 5 * SECOND,
  connectionsCheckingInterval: 2 * SECOND,
  maxHeaderSize: 8 * 1024,
} as const;
const MAX_CONNECTIONS = 200;
const CLOSE_GRACE = 3 * SECOND;

/**
 * Listens, with limits against slow and large requests.
 * @throws UnavailableError when it cannot listen there.
 */
export async function listen(app: RequestListener, { host, port }: { host: string; port: number }): Promise<Listening> {
  const server = createServer(LIMITS, app);
  server.maxConnections = MAX_CONNECTIONS;
  server.listen({ host, port });
  try {
    await once(server, "listening");
  } catch {
    throw new UnavailableError(
      `The dashboard cannot listen at ${host} port ${port}: another program does, or the address is not this machine's. Stop that program, or set DASHBOARD_PORT or DASHBOARD_HOST.`,
    );
  }
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, "close");
      server.close();
      const impatient = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE);
      await closed;
      clearTimeout(impatient);
    },
  };
}
