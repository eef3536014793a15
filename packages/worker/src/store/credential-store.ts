import type { ReportResult } from "@tokenkeeper/core";
import type { CredentialRef } from "@tokenkeeper/shared/contract";
import type { CredentialState } from "../decide/state.ts";

/** A credential and the endpoint whose fetches are counted for it. */
export interface CountedCredential {
  readonly credential: CredentialRef;
  readonly endpoint: string;
}

/** The stored value itself, for fetching a child with it or probing it. */
export interface StoredValue {
  readonly value: string;
  readonly fingerprint: string;
  readonly remainingMs: number;
}

/** What `begin` needs to know. */
export interface BeginInput extends CountedCredential {
  readonly attempt: string;
  readonly state: CredentialState;
  readonly leaseMs: number;
  /** Fetches a day allowed for this reason. */
  readonly cap: number;
  readonly byHand: boolean;
  /** Fetches that this worker remembers: a flushed Redis forgets them. */
  readonly rememberedUse: number;
  /** When a settling refresh is due after an unknown outcome, ms from now; 0 where there is nothing to settle. */
  readonly settleMs: number;
  /** The job by which a person forces another value. */
  readonly forcedBy?: string;
}

/** What `beginIfDue` needs to know: an attempt that is welcome to begin. */
export interface Offer extends CountedCredential {
  readonly attempt: string;
  readonly leaseMs: number;
  /** Fetches a day allowed, whatever the reason. */
  readonly cap: number;
  /** Fetches that this worker remembers: a flushed Redis forgets them. */
  readonly rememberedUse: number;
}

/** What a look found, before anything began, and whether the attempt began with it. */
export interface LookedAt {
  readonly state: CredentialState;
  readonly begun?: Extract<Begun, { type: "begun" }>;
}

/** What `begin` came to. Instants are epoch ms by Redis time. */
export type Begun =
  | { readonly type: "begun"; readonly generation: string; readonly now: number; readonly used: number }
  | { readonly type: "busy"; readonly until: number }
  | { readonly type: "changed" }
  | { readonly type: "budget" };

/** An attempt that has begun. */
export interface Attempt {
  readonly credential: CredentialRef;
  readonly attempt: string;
  readonly generation: string;
  readonly settleMs: number;
}

/** A value to commit. Instants are epoch ms by Redis time. */
export interface CommitInput extends Attempt {
  readonly value: string;
  readonly fingerprint: string;
  readonly sentAt: number;
  readonly expiresAt: number;
  readonly planAt: number;
  readonly valueSince: number;
  readonly reason: string;
  readonly durationMs: number;
  /** WeChat returned the very value that it was seen to refuse. */
  readonly suspect: boolean;
}

/** A commit to look at again. */
export interface RepairInput {
  readonly commit: CommitInput;
  /** The generation that the commit replaced. */
  readonly replaced: number;
  readonly leaseMs: number;
}

/** An outcome that stayed unknown. Instants are epoch ms by Redis time. */
export interface UnknownOutcome {
  readonly credential: CredentialRef;
  readonly sentAt: number;
  /** When its settle is due. */
  readonly settleAt: number;
}

/** A failure to write down. */
export interface FailInput extends Attempt {
  readonly keepIntent: boolean;
  /** Control fields that the failure sets. */
  readonly fields: Readonly<Record<string, string | number | undefined>>;
}

/** A value that WeChat was seen to refuse. Durations in ms. */
export interface ReportInput {
  readonly credential: CredentialRef;
  readonly fingerprint: string;
  /** Redis or wall time, epoch ms: picks the day's counter. */
  readonly now: number;
  readonly spacingMs: number;
  /** Spacing for a value that WeChat refuses and yet returns. */
  readonly suspectSpacingMs: number;
  /** How many count a day. */
  readonly cap: number;
  /** A death this long after the last unknown outcome is another system's doing; negative: do not judge. */
  readonly foreignAfterMs: number;
}

/** Whether a report counts, and if not, why. `foreign` counts, and another system fetched this credential. */
export type ReportReply = Extract<ReportResult, "confirmed" | "foreign" | "stale" | "too_soon" | "budget">;

/** All that the refresh engine does with Redis. Every function rejects with `StorageError` when Redis fails. */
export interface CredentialStore {
  readStates(credentials: readonly CountedCredential[]): Promise<CredentialState[]>;
  readValue(credential: CredentialRef): Promise<StoredValue | undefined>;
  /**
   * Reads a state; where it is plainly due, with nothing to weigh, the attempt begins in the same step. Nearly all refreshes are
   * of that kind, and a round trip is what a refresh costs most.
   */
  beginIfDue(offer: Offer): Promise<LookedAt>;
  begin(input: BeginInput): Promise<Begun>;
  commit(input: CommitInput): Promise<"committed" | "already" | "fenced">;
  fail(input: FailInput): Promise<void>;
  report(input: ReportInput): Promise<ReportReply>;
  /** Puts a committed value back when Redis has lost it. `busy`: somebody is at a newer one; if he fails, it is still the newest. */
  repair(input: RepairInput): Promise<"intact" | "overtaken" | "busy" | "repaired">;
  /** Writes an unknown outcome down again when Redis has lost it. `known`: it has not; `settled`: it need not be known any more. */
  restoreUnknown(input: UnknownOutcome): Promise<"settled" | "known" | "restored">;
  addFailedJob(credential: CredentialRef, jobId: string): Promise<void>;
  removeFailedJob(credential: CredentialRef, jobId: string): Promise<void>;
}
