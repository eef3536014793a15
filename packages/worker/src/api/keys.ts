import { createHash, timingSafeEqual } from "node:crypto";
import { API_KEY_PATTERN, type ApiKey } from "@tokenkeeper/core";
import type { CredentialRef } from "@tokenkeeper/shared/contract";

/**
 * The entry of the configuration for a key that was presented. A key has 256 random bits: nobody can guess it from its
 * hash, so one plain SHA-256 does what a slow hash does for passwords, and costs no time in every request.
 * All hashes are compared, each in constant time.
 */
export function findKey(keys: readonly ApiKey[], presented: string): ApiKey | undefined {
  if (!API_KEY_PATTERN.test(presented)) return undefined;
  const digest = createHash("sha256").update(presented).digest();
  const [found] = keys.filter(({ hash }) => timingSafeEqual(digest, Buffer.from(hash, "hex")));
  return found;
}

/** Whether the key's scope holds the credential. */
export function permits({ accounts, kinds }: ApiKey, { account, kind }: CredentialRef): boolean {
  return kinds.includes(kind) && (accounts === "all" || accounts.includes(account));
}
