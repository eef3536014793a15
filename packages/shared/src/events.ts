import type { CredentialRef } from "./credential.ts";
import { createSafeCall } from "./safe-call.ts";

/** This process has learnt another value of a credential that it knew. Holds no value. */
export interface RotatedEvent extends CredentialRef {
  /** The record's version. Compare for inequality only. */
  readonly version: string;
}

/** A value was served from memory past its time, because Redis could not be asked or has lost the record. It is still valid. */
export interface StaleEvent extends CredentialRef {
  readonly cause: "redis_unreachable" | "missing";
}

/** What a token client tells of, by name. */
export interface TokenEvents {
  readonly rotated: RotatedEvent;
  readonly stale: StaleEvent;
}

/** Calls back at each event of one name. What it throws, or rejects with, becomes a process warning, once, and breaks nothing. */
export type TokenListener<Name extends keyof TokenEvents> = (event: TokenEvents[Name]) => unknown;

/** Subscriptions of one token client. */
export interface Events {
  /** @returns a function that ends the subscription. */
  on<Name extends keyof TokenEvents>(name: Name, listener: TokenListener<Name>): () => void;
  emit<Name extends keyof TokenEvents>(name: Name, event: TokenEvents[Name]): void;
}

export function createEvents(): Events {
  const callSafely = createSafeCall();
  const listeners = {
    rotated: new Set<TokenListener<"rotated">>(),
    stale: new Set<TokenListener<"stale">>(),
  } as { [Name in keyof TokenEvents]: Set<TokenListener<Name>> };

  return {
    on(name, listener) {
      // Its own function each time: the same listener may be subscribed twice, and each subscription ended for itself.
      const subscription: typeof listener = (event) => listener(event);
      listeners[name].add(subscription);
      return () => void listeners[name].delete(subscription);
    },

    emit(name, event) {
      for (const listener of listeners[name]) callSafely(`A listener of "${name}"`, () => listener(event));
    },
  };
}
