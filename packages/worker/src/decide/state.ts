import type { Control } from "@tokenkeeper/core";

/** Everything that is known of a credential at one moment; what to do is decided from this alone. */
export interface CredentialState {
  /** Redis time, epoch ms. */
  readonly now: number;
  readonly control: Control;
  /** Life that the stored value has left, ms; absent when Redis holds no valid record. */
  readonly remainingMs?: number;
  /** A person paused the account: nothing of it is fetched. */
  readonly paused?: boolean;
  /** Fetches of this Beijing day at the endpoint in question. */
  readonly used: { readonly automatic: number; readonly byHand: number };
}

/** What the configuration says about refreshing this credential. */
export interface RefreshRules {
  /** Fingerprint of the configured secret: a permanent failure holds for the secret that failed. */
  readonly secret: string;
  /** Where the value would be fetched: a used-up quota holds for one endpoint. */
  readonly endpoint: string;
  /** Fetches a day that happen by themselves. */
  readonly automaticCap: number;
  /** Fetches a day that people may cause. */
  readonly handCap: number;
  /** How long after a forced fetch the next one may begin, ms. */
  readonly forceSpacingMs: number;
  /** How long a lease lasts, ms; one that ends later than that from now is void. */
  readonly leaseMs: number;
}

/** Why a value is fetched. The same words stand in jobs, logs and pages. */
export type RefreshReason = "missing" | "expired" | "intent_open" | "settle_due" | "reported" | "due" | "forced";
