// A TCP proxy that can be told to misbehave. The names of the faults are Toxiproxy's; `intercept` is our own.
import { once } from "node:events";
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "./random.ts";

/** What the proxy does to every connection, until it is told otherwise. */
export interface Toxics {
  /** Each chunk is late by `ms` plus up to `jitter` ms, in both directions. */
  readonly latency?: { readonly ms: number; readonly jitter: number };
  /** Chunks arrive in pieces of this many bytes at most. */
  readonly slicer?: number;
  /** Whatever is sent disappears; connections stay open. */
  readonly timeout?: boolean;
}

/** A reply that has arrived at the proxy and has not been passed on. */
export interface InterceptedReply {
  /** Passes the reply on. */
  release(): void;
  /** Discards it and resets the connection. */
  drop(): void;
}

/** A proxy on 127.0.0.1. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  set(toxics: Toxics): void;
  /** Resets every connection (RST). @returns how many there were. */
  resetPeers(): number;
  /** Refuses new connections and resets those there are. */
  down(): Promise<number>;
  up(): Promise<void>;
  /**
   * Waits for the next request that matches, passes it on, and holds its reply.
   * @param matches is given what one end sent, the end of what it sent before included
   * @returns `undefined` when `signal` aborts first.
   */
  intercept(matches: (request: string) => boolean, signal: AbortSignal): Promise<InterceptedReply | undefined>;
}

/** What the proxy stands in front of. */
export interface FaultProxyOptions {
  readonly targetPort: number;
  readonly random: Random;
}

interface Interception {
  readonly matches: (request: string) => boolean;
  readonly resolve: (reply: InterceptedReply) => void;
}

/** A request may arrive in two chunks: this many bytes of the one before are looked at again. */
const CARRY = 256;
/** A held reply may be that of an earlier request in the pipeline: the one that is meant gets this long to be carried out, ms. */
const CARRY_OUT_MS = 30;

/** Starts the proxy on a free port. */
export async function createFaultProxy({ targetPort, random }: FaultProxyOptions): Promise<FaultProxy> {
  let toxics: Toxics = {};
  let interceptions: Interception[] = [];
  const clients = new Set<Socket>();

  async function deliver(chunk: Buffer, to: Socket): Promise<void> {
    if (toxics.timeout) return;
    const { latency, slicer = chunk.length } = toxics;
    if (latency) await sleep(latency.ms + random.next() * latency.jitter);
    for (let start = 0; start < chunk.length && !to.destroyed; start += slicer) {
      to.write(chunk.subarray(start, start + slicer));
      if (slicer < chunk.length) await sleep(0);
    }
  }

  function takeInterception(request: string): Interception | undefined {
    const found = interceptions.find(({ matches }) => matches(request));
    interceptions = interceptions.filter((one) => one !== found);
    return found;
  }

  function accept(client: Socket): void {
    const server = connect(targetPort, "127.0.0.1");
    let carry = "";
    let held: Buffer[] | undefined;
    let waiting: Interception | undefined;
    let toServer = Promise.resolve();
    let toClient = Promise.resolve();
    clients.add(client);
    client.setNoDelay(true);
    server.setNoDelay(true);

    function hold(chunk: Buffer): void {
      held?.push(chunk);
      const { resolve } = waiting ?? {};
      waiting = undefined;
      resolve?.({
        release() {
          const kept = held ?? [];
          held = undefined;
          for (const piece of kept) client.write(piece);
        },
        drop() {
          setTimeout(() => client.resetAndDestroy(), CARRY_OUT_MS);
        },
      });
    }

    client.on("data", (chunk: Buffer) => {
      const seen = carry + chunk.toString("latin1");
      carry = seen.slice(-CARRY);
      if (!held) waiting = takeInterception(seen);
      if (waiting) {
        held = [];
        carry = "";
      }
      toServer = toServer.then(() => deliver(chunk, server));
    });
    server.on("data", (chunk: Buffer) => {
      if (held) hold(chunk);
      else toClient = toClient.then(() => deliver(chunk, client));
    });
    // Whoever breaks is the reason to end the other; what was wrong is of no interest.
    for (const [one, other] of [[client, server] as const, [server, client] as const]) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
    client.on("close", () => clients.delete(client));
  }

  let server: Server = await listen(0);
  const { port } = server.address() as AddressInfo;

  async function listen(onPort: number): Promise<Server> {
    const fresh = createServer(accept).listen(onPort, "127.0.0.1");
    await once(fresh, "listening");
    return fresh;
  }

  function resetPeers(): number {
    const count = clients.size;
    for (const client of clients) client.resetAndDestroy();
    return count;
  }

  async function down(): Promise<number> {
    const closed = once(server, "close");
    server.close();
    const count = resetPeers();
    await closed;
    return count;
  }

  return {
    port,
    resetPeers,
    down,
    set(wanted) {
      toxics = wanted;
    },
    async up() {
      server = await listen(port);
    },
    intercept(matches, signal) {
      const { promise, resolve } = Promise.withResolvers<InterceptedReply | undefined>();
      const interception: Interception = { matches, resolve };
      interceptions = [...interceptions, interception];
      signal.addEventListener("abort", () => {
        interceptions = interceptions.filter((one) => one !== interception);
        resolve(undefined);
      });
      return promise;
    },
    async [Symbol.asyncDispose]() {
      if (server.listening) await down();
    },
  };
}
