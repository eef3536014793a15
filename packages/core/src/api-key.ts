import { createHash, randomBytes } from "node:crypto";

/** 32 random bytes in base64url: a key of the token HTTP API. */
export const API_KEY_PATTERN = /^[A-Za-z0-9_-]{43}$/;

/** A new key of the token HTTP API. */
export function newApiKey(): string {
  return randomBytes(32).toString("base64url");
}

/** What stands under `api.keys` in the configuration: `sha256:` and 64 hex digits. */
export function apiKeyHash(key: string): string {
  return `sha256:${createHash("sha256").update(key).digest("hex")}`;
}

/** A key with its hash, as both are shown to whoever made it. */
export function describeApiKey(key: string): string {
  return `key, for the client; it is shown only now:
  ${key}
hash, for the worker, under api.keys in tokenkeeper.yaml:
  hash: ${apiKeyHash(key)}
`;
}
