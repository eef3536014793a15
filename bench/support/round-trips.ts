import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";

/** Counts how often this process turns to a server: one write of ioredis is one command or one pipeline, and one answer. */
export interface RoundTrips {
  /** So far. */
  count(): number;
}

/** Sees connections that are opened from now on. @param port of the server on this machine */
export function watchRoundTrips(port: number): RoundTrips {
  let count = 0;
  subscribe("net.client.socket", (message) => {
    const { socket } = message as { socket: Socket };
    socket.once("connect", () => {
      if (socket.remotePort !== port) return;
      const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
      socket.write = (...args: unknown[]): boolean => {
        count += 1;
        return write(...args);
      };
    });
  });
  return { count: () => count };
}
