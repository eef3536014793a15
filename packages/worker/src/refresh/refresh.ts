import { beijingDate, nextBeijingMidnight, type Durations, type Failure, type Log } from "@tokenkeeper/core";
import type { CredentialRef } from "@tokenkeeper/shared/contract";
import type { Credential } from "../credentials.ts";
import { automaticCap, capFor, HAND_CAP } from "../decide/budget.ts";
import { decide, type Decision } from "../decide/decide.ts";
import { useStable } from "../decide/mode.ts";
import type { RefreshOutcome } from "../decide/outcome.ts";
import type { CredentialState } from "../decide/state.ts";
import type { Recipe } from "../families/family.ts";
import type { CredentialStore, CountedCredential } from "../store/credential-store.ts";
import type { RunAttempt } from "./attempt.ts";
import type { Memory } from "./memory.ts";

// The life of a token:
//  1. A trigger says "look at this credential". Nothing is fetched because somebody asks; only facts count.
//  2. Decide: the facts are read and a reason is found, or the look ends as fresh, busy or blocked.
//  3. Begin: one script takes the lease, reserves a fetch of the day's budget and writes the intent.
//  4. Fetch: one call to WeChat, within the lease.
//  5. Commit: one script stores the value unless a newer one is there, and tells the readers.
//  6. Every other end is written down too. One whose result is not known leaves the intent: who comes next fetches.

/** Looks at credentials and refreshes those that need it. */
export interface Refresher {
  /** @param byHand a person asked. Rejects with `StorageError` only before anything was begun. */
  refresh(credential: Credential, byHand?: boolean): Promise<RefreshOutcome>;
  /** What would be done about each credential now, without doing it. */
  look(credentials: readonly Credential[]): Promise<Decision[]>;
}

/** What the refresher works with. */
export interface RefresherDeps {
  readonly store: CredentialStore;
  readonly memory: Memory;
  readonly runAttempt: RunAttempt;
  readonly durations: Durations;
  readonly log: Log;
}

const ROUNDS = 3;

/** The main path of the system. */
export function createRefresher({ store, memory, runAttempt, durations, log }: RefresherDeps): Refresher {
  async function readStates(credentials: readonly Credential[]): Promise<CredentialState[]> {
    const counted = credentials.map(({ ref, recipe }): CountedCredential => ({
      credential: ref,
      endpoint: recipe.endpoint,
    }));
    const states = await store.readStates(counted);
    return states.map((state, index) => memory.merge(credentials[index]?.id ?? "", state));
  }

  function decideFor(credential: Credential, state: CredentialState, byHand: boolean): Decision & { recipe: Recipe } {
    const { account, recipe } = credential;
    const fallback =
      account.token === "classic" && recipe.endpoint === "classic_token" && account.fallback === "stable";
    const stable = fallback && useStable(state, durations.sparseRetry);
    const chosen = stable ? credential.family.recipe(account, credential.ref.kind, true) : recipe;
    const { block, ...control } = state.control;
    const facts = stable ? { ...state, control } : state;
    const rules = { secret: credential.secret, automaticCap: capOf(chosen, state), leaseMs: durations.lease };
    const decision = decide({ state: facts, rules, byHand, nextDayAt: nextBeijingMidnight(state.now) });
    if (!fallback || decision.type !== "blocked" || decision.why !== "cool_down" || block?.code !== "45009") {
      return { ...decision, recipe: chosen };
    }
    // The classic quota is gone: come back when the stable token is to be taken, not at midnight.
    const nearEnd = state.now + (state.remainingMs ?? 0) - durations.sparseRetry;
    return { ...decision, until: Math.min(decision.until ?? nearEnd, nearEnd), recipe: chosen };
  }

  async function once(credential: Credential, byHand: boolean): Promise<RefreshOutcome | "changed"> {
    const [state] = await readStates([credential]);
    if (!state) return "changed";
    const { recipe, ...decision } = decideFor(credential, state, byHand);
    if (decision.type !== "refresh") return withFailure(decision, state);

    const parentRef: CredentialRef | undefined = recipe.parent && { ...credential.ref, kind: recipe.parent };
    const parent = parentRef && (await store.readValue(parentRef));
    if (parentRef && (parent?.remainingMs ?? 0) < durations.parentMargin) return { type: "waiting", parent: parentRef };

    const counter = `${credential.id}:${recipe.endpoint}:${beijingDate(state.now)}${byHand ? ":hand" : ""}`;
    return runAttempt({
      credential,
      recipe,
      state,
      reason: decision.reason,
      byHand,
      cap: byHand ? HAND_CAP : capFor(capOf(recipe, state), decision.reason),
      counter,
      ...(parent && { parent }),
    });
  }

  return {
    async refresh(credential, byHand = false) {
      for (let round = 0; round < ROUNDS; round += 1) {
        const outcome = await once(credential, byHand);
        if (outcome !== "changed") return outcome;
      }
      log.warn({ credential: credential.id }, "refresh.contended");
      return { type: "busy", until: 0 };
    },

    async look(credentials) {
      const states = await readStates(credentials);
      return states.flatMap((state, index) => {
        const credential = credentials[index];
        return credential ? [decideFor(credential, state, false)] : [];
      });
    },
  };
}

function capOf(recipe: Recipe, { control }: CredentialState): number {
  const lifeMs = (control.expiresAt ?? 0) - (control.issuedAt ?? 0);
  return automaticCap({
    ...(recipe.dailyLimit !== undefined && { limit: recipe.dailyLimit }),
    ...(lifeMs > 0 && { lifeMs }),
  });
}

function withFailure(decision: Exclude<Decision, { type: "refresh" }>, { control }: CredentialState): RefreshOutcome {
  const { block } = control;
  if (decision.type !== "blocked" || decision.why !== block?.class) return decision;
  const { class: failureClass, code, ip, rid } = block;
  const failure: Failure = {
    class: failureClass,
    code: Number(code),
    ...(ip !== undefined && { ip }),
    ...(rid !== undefined && { rid }),
  };
  return { ...decision, failure };
}
