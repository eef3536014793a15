import type { Redis } from "ioredis";
import { credentialId, isCredentialKind } from "./credential.ts";
import { ROTATED_CHANNEL } from "./keys.ts";

/** Listens for rotation hints. Everything stays correct when a hint never comes. */
export interface Rotations {
  /** Calls back whenever a record changed, until the returned function is called. */
  listen(listener: RotationListener): () => void;
  close(): void;
}

/** Hears the credential's id (`<account>:<kind>`) and the fingerprint of its value, if the hint names one. */
export type RotationListener = (credentialId: string, fp: string | undefined) => void;

/** Subscribes with a connection of its own, because a subscribed connection can do nothing else. */
export function createRotations(redis: Redis): Rotations {
  const listeners = new Set<RotationListener>();
  const subscriber = redis.duplicate({
    connectionName: "tokenkeeper-rotations",
    keyPrefix: "",
    enableReadyCheck: false,
    lazyConnect: false,
    disableClientInfo: true,
    // Subscribing waits for a Redis that is not there yet, whatever the app wants of its own commands.
    enableOfflineQueue: true,
    maxRetriesPerRequest: null,
    // ioredis' own way leaves nobody to hear that it failed: closing in that moment would end the app's process.
    autoResubscribe: false,
  });
  subscriber.on("error", () => {});
  subscriber.on("message", (_channel: string, message: string) => {
    const hint = readHint(message);
    if (hint) for (const listener of listeners) listener(hint.id, hint.fp);
  });
  // At every connect, also the first; a refusal (a narrower ACL) only costs the hint.
  subscriber.on("ready", () => {
    subscriber.subscribe(ROTATED_CHANNEL).catch(() => {});
  });

  return {
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      listeners.clear();
      subscriber.disconnect();
    },
  };
}

function readHint(message: string): { readonly id: string; readonly fp: string | undefined } | undefined {
  if (message.length > 1_000) return undefined;
  try {
    const hint: unknown = JSON.parse(message);
    if (typeof hint !== "object" || hint === null || !("account" in hint) || !("kind" in hint)) return undefined;
    if (typeof hint.account !== "string" || !isCredentialKind(hint.kind)) return undefined;
    const fp = "fp" in hint && typeof hint.fp === "string" ? hint.fp : undefined;
    return { id: credentialId({ account: hint.account, kind: hint.kind }), fp };
  } catch {
    return undefined;
  }
}
