import type { Redis } from "ioredis";
import { credentialId, isCredentialKind } from "./credential.ts";
import { ROTATED_CHANNEL } from "./keys.ts";

/** Listens for rotation hints. Everything stays correct when a hint never comes. */
export interface Rotations {
  /** Calls back with the credential's id (`<account>:<kind>`) whenever its record changed, until the returned function is called. */
  listen(listener: (credentialId: string) => void): () => void;
  close(): void;
}

/** Subscribes with a connection of its own, because a subscribed connection can do nothing else. */
export function createRotations(redis: Redis): Rotations {
  const listeners = new Set<(credentialId: string) => void>();
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
    const id = credentialIdOf(message);
    if (id !== undefined) for (const listener of listeners) listener(id);
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

function credentialIdOf(message: string): string | undefined {
  if (message.length > 1_000) return undefined;
  try {
    const hint: unknown = JSON.parse(message);
    if (typeof hint !== "object" || hint === null || !("account" in hint) || !("kind" in hint)) return undefined;
    if (typeof hint.account !== "string" || !isCredentialKind(hint.kind)) return undefined;
    return credentialId({ account: hint.account, kind: hint.kind });
  } catch {
    return undefined;
  }
}
