// Designs to compare: the whole one, and the ones that lack parts of it. What is left out is left out around the engine.
import { controlKey } from "@tokenkeeper/shared/contract";
import type { Keyspace } from "./keyspace.ts";
import type { MemoryStore } from "./memory-store.ts";

/** A design, as what it changes around the real engine. */
export interface Design {
  readonly name: string;
  /** What becomes of the store. */
  store(whole: MemoryStore, keys: Keyspace): MemoryStore;
  /** Whether commits are looked at again. */
  readonly repairs: boolean;
  /** Whether apps repeat a refused call once. */
  readonly retries: boolean;
}

/** Nothing is refreshed once more after an outcome that stayed unknown. */
export function withoutSettle(whole: MemoryStore): MemoryStore {
  return {
    ...whole,
    begin: (input) => whole.begin({ ...input, settleMs: 0 }),
    commit: (input) => whole.commit({ ...input, settleMs: 0 }),
    fail: (input) => whole.fail({ ...input, settleMs: 0 }),
  };
}

/** Nobody knows that a fetch was started. */
function withoutIntent(whole: MemoryStore, keys: Keyspace): MemoryStore {
  return {
    ...whole,
    beginIfDue(offer, wallClock) {
      const found = whole.beginIfDue(offer, wallClock);
      if (found.begun) keys.remove(controlKey(offer.credential), ["intent_generation", "intent_at"]);
      return found;
    },
    begin(input) {
      const begun = whole.begin(input);
      if (begun.type === "begun") keys.remove(controlKey(input.credential), ["intent_generation", "intent_at"]);
      return begun;
    },
    fail: (input) => whole.fail({ ...input, keepIntent: false }),
  };
}

/** Whoever comes last stores. */
export function withoutFence(whole: MemoryStore, keys: Keyspace): MemoryStore {
  return {
    ...whole,
    commit(input) {
      const committed = Number(keys.get(controlKey(input.credential), "committed_generation") ?? 0);
      return whole.commit({ ...input, generation: String(Math.max(Number(input.generation), committed)) });
    },
  };
}

/** From the least to the whole; each has what the one before it has. */
export const DESIGNS: readonly Design[] = [
  {
    name: "A lock + double check",
    store: (whole, keys) => withoutFence(withoutIntent(withoutSettle(whole), keys), keys),
    repairs: false,
    retries: false,
  },
  {
    name: "B + fence",
    store: (whole, keys) => withoutIntent(withoutSettle(whole), keys),
    repairs: false,
    retries: false,
  },
  { name: "C + intent, repair", store: withoutSettle, repairs: true, retries: false },
  { name: "D + settle", store: (whole) => whole, repairs: true, retries: false },
  { name: "E + reader's retry and report", store: (whole) => whole, repairs: true, retries: true },
];

/** Everything that the code has. */
export const WHOLE: Design = { name: "whole", store: (whole) => whole, repairs: true, retries: true };
