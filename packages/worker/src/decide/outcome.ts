import type { Failure } from "@tokenkeeper/core";
import type { CredentialRef } from "@tokenkeeper/shared/contract";
import type { BlockedBy } from "./decide.ts";
import type { RefreshReason } from "./state.ts";

/** What looking at a credential came to. A value, never an exception. Instants are epoch ms by Redis time. */
export type RefreshOutcome =
  /** A value was fetched and committed. */
  | {
      readonly type: "refreshed";
      readonly reason: RefreshReason;
      readonly fingerprint: string;
      /** WeChat returned the value that was stored already. */
      readonly unchanged: boolean;
      readonly expiresAt: number;
      readonly nextAt: number;
    }
  /** Nothing to do. */
  | { readonly type: "fresh"; readonly nextAt: number }
  /** Another worker is at it. */
  | { readonly type: "busy"; readonly until: number }
  /** There may be a reason, but something stands in the way: an earlier failure, when there is one. */
  | { readonly type: "blocked"; readonly why: BlockedBy; readonly until?: number; readonly failure?: Failure }
  /**
   * The parent has no value to fetch with, or WeChat refused the one of fingerprint `refused`. The parent is to be looked
   * at; its commit triggers this credential again.
   */
  | { readonly type: "waiting"; readonly parent: CredentialRef; readonly refused?: string }
  /** A newer value was committed meanwhile; ours is not stored. */
  | { readonly type: "fenced" }
  /** The attempt failed. With `retryAt` and `sameJob` this job tries again; else the plan goes on without it. */
  | {
      readonly type: "failed";
      readonly reason: RefreshReason;
      readonly failure: Failure;
      readonly sameJob: boolean;
      readonly retryAt?: number;
    };
