import type { Durations, TriggerReason } from "@tokenkeeper/core";
import type { Clock } from "@tokenkeeper/shared/contract";
import type { Credential } from "../credentials.ts";
import type { CredentialState } from "../decide/state.ts";
import type { CredentialStore } from "../store/credential-store.ts";
import type { BegunAttempt } from "./attempt.ts";
import { automaticCapOf, counterOf } from "./day-budget.ts";
import type { Memory } from "./memory.ts";

/** Reads what is known of credentials: by Redis, and by this worker. All reject with `StorageError`. */
export interface Look {
  /** What is known of many. */
  at(credentials: readonly Credential[]): Promise<CredentialState[]>;
  /** What is known of one, for a job; where it is plainly due, an attempt begins with the look. */
  closely(credential: Credential, reason?: TriggerReason): Promise<Found>;
}

/** What a close look found. */
export interface Found {
  readonly state: CredentialState;
  readonly begun?: BegunAttempt;
}

/** What looking works with. */
export interface LookDeps {
  readonly store: CredentialStore;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly durations: Durations;
  readonly newAttemptId: () => string;
}

export function createLook({ store, memory, clock, durations, newAttemptId }: LookDeps): Look {
  /** WeChat's bans, which are what is remembered, say nothing about a leader. */
  function withMemory({ id, recipe }: Credential, state: CredentialState): CredentialState {
    return recipe.rotation === "at_leader" ? state : memory.merge(id, state);
  }

  /** An app that misses a value cannot read the record that looks fine from here: something else has changed it. */
  async function asAppsSee({ ref }: Credential, state: CredentialState): Promise<CredentialState> {
    if (state.remainingMs === undefined || (await store.readValue(ref))) return state;
    const { remainingMs: _unreadable, ...rest } = state;
    return rest;
  }

  async function plain({ ref, recipe }: Credential, reason: TriggerReason | undefined): Promise<Found> {
    const { endpoint } = (reason === "forced" && recipe.forced) || recipe;
    const [state] = await store.readStates([{ credential: ref, endpoint }]);
    return { state: state as CredentialState };
  }

  async function beginning(credential: Credential): Promise<Found> {
    const { ref, recipe } = credential;
    const attempt = newAttemptId();
    const startedAt = clock.monotonic();
    const { state, begun } = await store.beginIfDue({
      credential: ref,
      endpoint: recipe.endpoint,
      attempt,
      leaseMs: durations.lease,
      cap: automaticCapOf(recipe),
      rememberedUse: memory.useOf(counterOf(credential, recipe, clock.now())),
    });
    return { state, ...(begun && { begun: { ...begun, attempt, startedAt } }) };
  }

  return {
    async at(credentials) {
      const states = await store.readStates(
        credentials.map(({ ref, recipe: { endpoint } }) => ({ credential: ref, endpoint })),
      );
      return states.map((state, index) => {
        const credential = credentials[index];
        return credential ? withMemory(credential, state) : state;
      });
    },

    async closely(credential, reason) {
      const byHand = reason === "forced" || reason === "operator";
      // A child needs its parent's value first; a ban that this worker alone remembers has to be weighed.
      const mayBegin = !byHand && credential.recipe.parent === undefined && !memory.hasBlock(credential.id);
      const found = mayBegin ? await beginning(credential) : await plain(credential, reason);
      const state = withMemory(credential, found.state);
      if (found.begun) return { ...found, state };
      return { state: reason === "missing" ? await asAppsSee(credential, state) : state };
    },
  };
}
