import type { Block } from "@tokenkeeper/core";
import type { CredentialState } from "../decide/state.ts";

/**
 * What a worker remembers of WeChat's bans, of the day's fetches and of the age of values, so that a flushed Redis does not
 * turn a ban of an hour into one of a day, spend a quota twice, or take an old ticket for a new one.
 */
export interface Memory {
  /** The state with the stricter of what Redis and what this worker knows. */
  merge(credentialId: string, state: CredentialState): CredentialState;
  rememberBlock(credentialId: string, block: Block): void;
  /** Whether a ban is remembered, even one that may be over. */
  hasBlock(credentialId: string): boolean;
  rememberUse(counter: string, used: number): void;
  /** @returns the fetches that are remembered of a counter, 0 when none. */
  useOf(counter: string): number;
  /** @returns since when the value of this fingerprint is known, epoch ms by Redis time; `undefined` when it is not. */
  sinceOf(credentialId: string, fingerprint: string): number | undefined;
  /** A value was committed: no ban is in force. */
  forgetBlock(credentialId: string): void;
}

/** @param keptCounters how many counters are remembered before the oldest day is dropped. */
export function createMemory(keptCounters = 200_000): Memory {
  const blocks = new Map<string, Block>();
  const uses = new Map<string, number>();
  const ages = new Map<string, { readonly fingerprint: string; readonly since: number }>();
  return {
    merge(id, state) {
      const { fingerprint, valueSince } = state.control;
      if (fingerprint !== undefined && valueSince !== undefined && ages.get(id)?.fingerprint !== fingerprint) {
        ages.set(id, { fingerprint, since: valueSince });
      }
      const block = blocks.get(id);
      if (!block || (block.until ?? 0) <= state.now) return state;
      const stored = state.control.block;
      if (stored && (stored.until ?? Number.POSITIVE_INFINITY) >= (block.until ?? 0)) return state;
      // A value that was committed after the ban began lives in Redis; a flushed Redis holds none.
      return state.remainingMs === undefined ? { ...state, control: { ...state.control, block } } : state;
    },
    rememberBlock(id, block) {
      if (block.class === "cool_down") blocks.set(id, block);
    },
    hasBlock: (id) => blocks.has(id),
    sinceOf(id, fingerprint) {
      const known = ages.get(id);
      return known?.fingerprint === fingerprint ? known.since : undefined;
    },
    forgetBlock: (id) => void blocks.delete(id),
    rememberUse(counter, used) {
      if (!uses.has(counter) && uses.size >= keptCounters) uses.delete(uses.keys().next().value ?? "");
      uses.set(counter, used);
    },
    useOf: (counter) => uses.get(counter) ?? 0,
  };
}
