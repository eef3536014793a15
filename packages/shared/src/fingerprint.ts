import { createHash } from "node:crypto";

/**
 * Names a token, ticket or secret without showing it.
 * @returns the first 16 hex digits of its SHA-256.
 */
export function fingerprint(value: string): string {
  return createHash("sha256").update(value).digest("hex").slice(0, 16);
}
