// Which port a listener gets.
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { EXIT } from "@tokenkeeper/core";
import { StartError } from "./start-error.ts";

export interface PortWish {
  /** Who will listen, in the words of the printed lines. */
  readonly name: string;
  /** The environment variable that sets it. */
  readonly variable: string;
  readonly port: number;
  /** Set by a person: then no other port will do. */
  readonly explicit: boolean;
}

/** Whether this process could listen on `host:port` now. */
export function isPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Below the ports that systems give to outgoing connections: one of those may be taken again before it is listened on. */
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_000;

/** A port that is free on the loopback address now. */
export async function anyFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    if (await isPortFree("127.0.0.1", port)) return port;
  }
}

/**
 * The wished port, or the next free one after it that is not `taken` by a part of ours.
 * @throws StartError (exit code 69) when an explicitly set port is not free, or none of the next 100 is.
 */
export async function choosePort(
  wish: PortWish,
  options: { readonly taken: ReadonlySet<number>; readonly isFree: (port: number) => Promise<boolean> },
): Promise<number> {
  const usable = async (port: number): Promise<boolean> => !options.taken.has(port) && (await options.isFree(port));
  if (await usable(wish.port)) return wish.port;
  if (wish.explicit) {
    throw new StartError(
      `${wish.variable} is ${wish.port}, and another program listens there. Stop it or set another port.`,
      EXIT.unavailable,
    );
  }
  for (let port = wish.port + 1; port <= Math.min(wish.port + 100, 65_535); port += 1) {
    if (await usable(port)) return port;
  }
  throw new StartError(
    `No free port from ${wish.port} on for the ${wish.name}. Set ${wish.variable} to a free one.`,
    EXIT.unavailable,
  );
}
