import type { Account } from "@tokenkeeper/core";
import type { CredentialKind, CredentialRecord } from "@tokenkeeper/shared/contract";

/** What is mirrored: the record of one credential of an account. */
export interface MirroredCredential {
  readonly account: Pick<Account, "id" | "secret">;
  readonly kind: CredentialKind;
  readonly record: Pick<CredentialRecord, "value" | "issuedAt" | "expiresAt">;
}

/**
 * One key of an SDK's own cache. It is a Redis string and ends with the credential: the SDKs that trust a key as long as it is
 * there never serve a dead value then, and never miss one that is valid.
 */
export interface MirrorKey {
  readonly key: string;
  /** What stands there, as the SDK reads it. Absent: the key must not be there. */
  readonly value?: string;
}

/**
 * How an SDK keeps a credential in Redis: pure. No keys: the SDK does not keep this kind.
 * @param prefix with what its keys begin, as configured.
 */
export type MirrorForm = (credential: MirroredCredential, prefix: string) => MirrorKey[];
