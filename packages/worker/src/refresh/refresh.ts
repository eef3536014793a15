import {
  failureCode,
  nextBeijingMidnight,
  type Durations,
  type Failure,
  type Log,
  type TriggerReason,
} from "@tokenkeeper/core";
import type { CredentialRef } from "@tokenkeeper/shared/contract";
import type { Credential } from "../credentials.ts";
import { capFor } from "../decide/budget.ts";
import { decide, reasonToRefresh, type Decision } from "../decide/decide.ts";
import { useStable } from "../decide/mode.ts";
import type { RefreshOutcome } from "../decide/outcome.ts";
import type { CredentialState } from "../decide/state.ts";
import type { Recipe } from "../families/family.ts";
import type { CredentialStore } from "../store/credential-store.ts";
import type { RunAttempt } from "./attempt.ts";
import { automaticCapOf, counterOf } from "./day-budget.ts";
import type { Found, Look } from "./look.ts";
import { rerunOf } from "./rerun.ts";

// The life of a token:
//  1. A trigger says "look at this credential". Nothing is fetched because somebody asks; only facts count.
//  2. Decide: the facts are read and a reason is found, or the look ends as fresh, busy or blocked.
//  3. Begin: one script takes the lease, reserves a fetch of the day's budget and writes the intent. Where the facts leave
//     nothing to weigh, which is nearly always, the look begins by itself: one trip to Redis less.
//  4. Fetch: one call to WeChat, within the lease.
//  5. Commit: one script stores the value unless a newer one is there, and tells the readers.
//  6. Every other end is written down too. One whose result is not known leaves the intent: who comes next fetches.

/** Looks at credentials and refreshes those that need it. */
export interface Refresher {
  /**
   * Looks, and refreshes when there is a reason. Rejects with `StorageError` only before anything was begun.
   */
  refresh(credential: Credential, trigger?: Trigger): Promise<Looked>;
  /** What would be done about each credential now, without doing it. */
  look(credentials: readonly Credential[]): Promise<Decision[]>;
}

/** Who wants the look. */
export interface Trigger {
  /** The job that looks; one that has ended as failed before is re-run by a person. Without one nothing is forced. */
  readonly jobId?: string;
  readonly reason?: TriggerReason;
}

/** What a look came to, and whether a person asked for it (`byHand`: the one that may fetch by hand). */
export interface Looked {
  readonly outcome: RefreshOutcome;
  readonly byHand: boolean;
  readonly isRerun: boolean;
  /** Redis time of the look, epoch ms: the outcome's instants count from here, whatever this process's clock says. */
  readonly now: number;
}

/** What the refresher works with. */
export interface RefresherDeps {
  readonly store: CredentialStore;
  readonly look: Look;
  readonly runAttempt: RunAttempt;
  readonly durations: Durations;
  readonly log: Log;
}

/** What there is to a look beside the facts. */
interface Circumstances {
  readonly byHand: boolean;
  readonly isRerun: boolean;
  readonly afterParent: boolean;
  /** The job by which a person forces another value. */
  readonly forcedBy?: string;
}

const NOBODY_ASKS: Circumstances = { byHand: false, isRerun: false, afterParent: false };

const ROUNDS = 3;

/** The main path of the system. */
export function createRefresher({ store, look, runAttempt, durations, log }: RefresherDeps): Refresher {
  function decideFor(
    credential: Credential,
    state: CredentialState,
    { forcedBy, ...circumstances }: Circumstances,
  ): Decision & { recipe: Recipe } {
    const { account, recipe } = credential;
    const fallback =
      account.token === "classic" && recipe.endpoint === "classic_token" && account.fallback === "stable";
    const forced = forcedBy !== undefined;
    const stable = fallback && useStable(state, durations.sparseRetry);
    const plain = stable ? credential.family.recipe(account, credential.ref.kind, true) : recipe;
    const chosen = (forced && plain.forced) || plain;
    const { block, ...control } = state.control;
    const facts = stable ? { ...state, control } : state;
    const rules = {
      secret: credential.secret,
      endpoint: chosen.endpoint,
      automaticCap: automaticCapOf(chosen, state.control),
      handCap: chosen.handCap,
      // WeChat counts from when the one before reached it: at the latest so long after that was begun.
      forceSpacingMs: durations.forceSpacing + durations.http,
      leaseMs: durations.lease,
    };
    const nextDayAt = nextBeijingMidnight(state.now);
    const decision = decide({ state: facts, rules, ...circumstances, forced, nextDayAt });
    if (!fallback || decision.type !== "blocked" || decision.why !== "cool_down" || block?.code !== "45009") {
      return { ...decision, recipe: chosen };
    }
    // The classic quota is gone: come back when the stable token is to be taken, not at midnight.
    const nearEnd = state.now + (state.remainingMs ?? 0) - durations.sparseRetry;
    return { ...decision, until: Math.min(decision.until ?? nearEnd, nearEnd), recipe: chosen };
  }

  async function act(
    credential: Credential,
    { state, begun }: Found,
    circumstances: Circumstances,
  ): Promise<RefreshOutcome | "changed"> {
    const { byHand, forcedBy } = circumstances;
    const { recipe, ...decision }: Decision & { recipe: Recipe } = begun
      ? { type: "refresh", reason: reasonToRefresh(state) ?? "due", recipe: credential.recipe }
      : decideFor(credential, state, circumstances);
    if (decision.type !== "refresh") return withFailure(decision, state);

    const parentRef: CredentialRef | undefined = recipe.parent && { ...credential.ref, kind: recipe.parent };
    const parent = parentRef && (await store.readValue(parentRef));
    if (parentRef && (parent?.remainingMs ?? 0) < durations.parentMargin) return { type: "waiting", parent: parentRef };

    return runAttempt({
      credential,
      recipe,
      state,
      reason: decision.reason,
      byHand,
      cap: byHand ? recipe.handCap : capFor(automaticCapOf(recipe, state.control), decision.reason),
      counter: `${counterOf(credential, recipe, state.now)}${byHand ? ":hand" : ""}`,
      ...(begun && { begun }),
      ...(forcedBy !== undefined && { forcedBy }),
      ...(parent && { parent }),
    });
  }

  return {
    async refresh(credential, { jobId, reason } = {}) {
      for (let round = 0; round < ROUNDS; round += 1) {
        const found = await look.closely(credential, reason);
        const { state } = found;
        const rerun = rerunOf(state.control, jobId);
        const { isRerun } = rerun;
        // What a person asked for by this job was asked for again by another of the same re-run, which has begun.
        const isSpent = isRerun && !rerun.byHand;
        const forcedBy =
          reason === "forced" && !isSpent ? forcingJob(state, { jobId, again: rerun.byHand }) : undefined;
        const byHand = rerun.byHand || forcedBy !== undefined || (reason === "operator" && !isSpent);
        const outcome = await act(credential, found, {
          byHand,
          isRerun,
          afterParent: reason === "parent",
          ...(forcedBy !== undefined && { forcedBy }),
        });
        if (outcome !== "changed") return { outcome, byHand, isRerun, now: state.now };
      }
      log.warn({ credential: credential.id }, "refresh.contended");
      return { outcome: { type: "busy", until: 0 }, byHand: false, isRerun: false, now: 0 };
    },

    async look(credentials) {
      const states = await look.at(credentials);
      return states.flatMap((state, index) => {
        const credential = credentials[index];
        return credential ? [decideFor(credential, state, NOBODY_ASKS)] : [];
      });
    },
  };
}

/** A job forces once: when it comes back (its worker died), what it had begun is looked after like any other fetch. */
function forcingJob(
  { control }: CredentialState,
  { jobId, again }: { jobId: string | undefined; again: boolean },
): string | undefined {
  return again || control.forced?.job !== jobId ? jobId : undefined;
}

function withFailure(decision: Exclude<Decision, { type: "refresh" }>, { control }: CredentialState): RefreshOutcome {
  const { block } = control;
  if (decision.type !== "blocked" || decision.why !== block?.class) return decision;
  const { class: failureClass, code, ip, rid } = block;
  const failure: Failure = {
    class: failureClass,
    code: failureCode(code),
    ...(ip !== undefined && { ip }),
    ...(rid !== undefined && { rid }),
  };
  return { ...decision, failure };
}
