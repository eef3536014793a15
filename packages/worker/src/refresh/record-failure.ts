import {
  describeFailure,
  nextBeijingMidnight,
  type Block,
  type Durations,
  type Failure,
  type Log,
} from "@tokenkeeper/core";
import type { Credential } from "../credentials.ts";
import { consequenceOf } from "../decide/consequence.ts";
import { isWanting } from "../decide/decide.ts";
import type { RefreshOutcome } from "../decide/outcome.ts";
import type { CredentialState, RefreshReason } from "../decide/state.ts";
import type { Recipe } from "../families/family.ts";
import type { Attempt, CredentialStore, StoredValue } from "../store/credential-store.ts";
import type { Memory } from "./memory.ts";
import type { Repair } from "./repair.ts";

/** A failed attempt and what was known when it began. */
export interface FailedAttempt {
  readonly credential: Credential;
  readonly recipe: Recipe;
  readonly state: CredentialState;
  readonly reason: RefreshReason;
  readonly parent?: StoredValue;
  readonly attempt: Attempt;
  readonly failure: Failure;
  /** When it was sent and the present, epoch ms by Redis time. */
  readonly sentAt: number;
  readonly now: number;
}

/** What recording works with. */
export interface RecordFailureDeps {
  readonly store: CredentialStore;
  readonly memory: Memory;
  readonly repair: Pick<Repair, "watchUnknown">;
  readonly durations: Durations;
  readonly random: () => number;
  readonly log: Log;
}

/** WeChat's errcode; the quota belongs to the endpoint, not to the secret. */
const QUOTA_USED_UP = 45009;

/** Writes down why an attempt failed and what follows from it, and returns the outcome. */
export function createRecordFailure(deps: RecordFailureDeps): (failed: FailedAttempt) => Promise<RefreshOutcome> {
  const { store, memory, repair, durations, random, log } = deps;

  return async ({ credential, recipe, state, reason, parent, attempt, failure, sentAt, now }) => {
    const nextDayAt = nextBeijingMidnight(now);
    const facts = { failure, control: state.control, urgent: isWanting(state), now, nextDayAt };
    const consequence = consequenceOf({ ...facts, durations, random });
    const { retryAt, keepIntent, sameJob } = consequence;
    const block =
      consequence.block &&
      blockOf(failure, failure.code === QUOTA_USED_UP ? recipe.endpoint : credential.secret, consequence.block.until);
    if (block) memory.rememberBlock(credential.id, block);
    const fields = {
      retry_at: retryAt,
      block_class: block?.class,
      block_code: block?.code,
      block_until: block?.until,
      block_secret: block?.secret,
      block_ip: block?.ip,
      block_rid: block?.rid,
      last_outcome: failure.class,
      last_reason: reason,
      last_code: String(failure.code),
    };
    const who = { credential: credential.id, account: credential.account.name, attempt: attempt.attempt };
    const settleMs = keepIntent ? attempt.settleMs : 0;
    if (settleMs > 0) repair.watchUnknown({ credential: credential.ref, sentAt, settleAt: now + settleMs });
    // Redis may be the very thing that failed: the open intent then says all that must be known, and `repair` tells it later.
    await store.fail({ ...attempt, settleMs, keepIntent, fields }).catch(() => {
      log.warn(who, "refresh.failure_not_stored");
    });
    const text = describeFailure(failure, recipe.scope);
    log.warn({ ...who, reason, code: failure.code, class: failure.class }, `refresh.failed ${text}`);
    if (failure.class === "stale_parent" && recipe.parent && parent) {
      return { type: "waiting", parent: { ...credential.ref, kind: recipe.parent }, refused: parent.fingerprint };
    }
    return { type: "failed", reason, failure, sameJob, ...(retryAt !== undefined && { retryAt }) };
  };
}

function blockOf({ class: failureClass, code, ip, rid }: Failure, secret: string, until: number | undefined): Block {
  return {
    class: failureClass,
    code: String(code),
    secret,
    ...(until !== undefined && { until }),
    ...(ip !== undefined && { ip }),
    ...(rid !== undefined && { rid }),
  };
}
