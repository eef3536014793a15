import type { RequestListener } from "node:http";
import { createHttpServer, listen as listenAt, type Listening } from "@tokenkeeper/core";
import { UnavailableError } from "@tokenkeeper/ops";
import { SECOND } from "@tokenkeeper/shared/contract";

const CLOSE_GRACE = 3 * SECOND;

/**
 * Listens for people.
 * @throws UnavailableError when it cannot listen there.
 */
export async function listen(app: RequestListener, { host, port }: { host: string; port: number }): Promise<Listening> {
  return listenAt(createHttpServer(app), { host, port, graceMs: CLOSE_GRACE }).catch(() => {
    throw new UnavailableError(
      `The dashboard cannot listen at ${host} port ${port}: another program does, or the address is not this machine's. Stop that program, or set DASHBOARD_PORT or DASHBOARD_HOST.`,
    );
  });
}
