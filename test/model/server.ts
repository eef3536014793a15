// The Redis of the model as a server: its data, its spells of trouble, the channel and the stream.
import type { CredentialRef } from "@tokenkeeper/shared/contract";
import { createKeyspace, type Keyspace } from "./keyspace.ts";
import { createMemoryStore, type MemoryStore } from "./memory-store.ts";
import type { Timeline } from "./timeline.ts";

/** One Redis. Durations in ms. */
export interface Server {
  readonly keys: Keyspace;
  readonly store: MemoryStore;
  condition(): "up" | "read_only" | "down";
  /** When it takes everything again, ms on the timeline. */
  upAt(): number;
  trouble(condition: "read_only" | "down", ms: number): void;
  /** Loses the writes of the last `ms`; `everything`: all data. */
  lose(what: number | "everything"): void;
  /** How often it has lost data so far. */
  losses(): number;
  /** When it last lost data, ms on the timeline. */
  lastLossAt(): number;
  onRotation(listener: (credential: CredentialRef) => void): void;
}

export function createServer(timeline: Timeline): Server {
  const listeners: ((credential: CredentialRef) => void)[] = [];
  const keys = createKeyspace(() => Math.floor(timeline.now()));
  const store = createMemoryStore(keys, (credential) => listeners.forEach((listener) => listener(credential)));
  let kind: "read_only" | "down" = "down";
  let until = 0;
  let losses = 0;
  let lastLossAt = 0;

  return {
    keys,
    store,
    condition: () => (timeline.now() < until ? kind : "up"),
    upAt: () => Math.max(until, timeline.now()),
    trouble(condition, ms) {
      kind = condition;
      until = timeline.now() + ms;
    },
    lose(what) {
      losses += 1;
      lastLossAt = timeline.now();
      if (what === "everything") keys.flush();
      else keys.rollback(what);
    },
    losses: () => losses,
    lastLossAt: () => lastLossAt,
    onRotation: (listener) => void listeners.push(listener),
  };
}
