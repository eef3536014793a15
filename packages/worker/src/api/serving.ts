import type { ApiKey } from "@tokenkeeper/core";
import { isCredentialKind, SECOND, type CredentialRef } from "@tokenkeeper/shared/contract";
import type { Credential, Credentials } from "../credentials.ts";
import { findKey, permits } from "./keys.ts";
import type { Limits } from "./limits.ts";
import type { Reading, Readings } from "./readings.ts";
import { Refusal } from "./refusal.ts";

/** What both kinds of routes are made of: who asks, for what, and what there is. Every function throws `Refusal`. */
export interface Serving {
  /** @param presented the key as it came. */
  identify(presented: string): ApiKey;
  /** The key of this name that may have the credential. */
  keyFor(name: string, credential: CredentialRef): ApiKey | undefined;
  /** Counts one request of the key. */
  limit(key: ApiKey): Promise<void>;
  /** The credential, if it is configured and in the key's scope; otherwise it does not exist for this client. */
  find(key: ApiKey, account: string, kind: string): Credential;
  /** The same, without a refusal. */
  lookUp(key: ApiKey, account: string, kind: string): Credential | undefined;
  /** @param from `redis`: what it holds now, and nothing from memory. @default memory */
  read(credential: Credential, from?: "memory" | "redis"): Promise<Reading>;
}

/** What serving works with. */
export interface ServingDeps {
  /** The keys in force. */
  readonly keys: () => readonly ApiKey[];
  readonly credentials: Credentials;
  readonly readings: Readings;
  readonly limits: Limits;
}

/** Seconds after which a missing value may be asked for again. */
const RETRY_AFTER = 5;

/** Decides who gets what. */
export function createServing({ keys, credentials, readings, limits }: ServingDeps): Serving {
  function lookUp(key: ApiKey, account: string, kind: string): Credential | undefined {
    const id = credentials.accountId(account);
    const credential = id !== undefined && isCredentialKind(kind) && credentials.find({ account: id, kind });
    return credential && permits(key, credential.ref) ? credential : undefined;
  }

  return {
    identify(presented) {
      const key = findKey(keys(), presented);
      if (key === undefined) throw new Refusal("unauthorized", { headers: { "WWW-Authenticate": "Bearer" } });
      return key;
    },

    keyFor: (name, credential) => keys().find((key) => key.name === name && permits(key, credential)),

    async limit(key) {
      const wait = await limits.take(key);
      if (wait > 0) throw new Refusal("rate_limited", { headers: retryAfter(Math.ceil(wait / SECOND)) });
    },

    find(key, account, kind) {
      const credential = lookUp(key, account, kind);
      if (!credential) throw new Refusal("not_found");
      return credential;
    },

    lookUp,

    async read({ ref }, from) {
      const outcome = await (from === "redis" ? readings.readAnew(ref) : readings.read(ref));
      if (outcome.type === "read") return outcome.reading;
      throw new Refusal("unavailable", { headers: retryAfter(RETRY_AFTER) });
    },
  };
}

/** The header that says when to try again. */
export function retryAfter(seconds: number): Record<string, string> {
  return { "Retry-After": String(seconds) };
}
