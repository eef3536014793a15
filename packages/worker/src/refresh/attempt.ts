import { nextBeijingMidnight, wordFailure, type Durations, type Failure, type Log } from "@tokenkeeper/core";
import { fingerprint, type Clock } from "@tokenkeeper/shared/contract";
import type { Credential } from "../credentials.ts";
import type { RefreshOutcome } from "../decide/outcome.ts";
import { planLife } from "../decide/plan.ts";
import type { CredentialState, RefreshReason } from "../decide/state.ts";
import type { Recipe } from "../families/family.ts";
import type { Attempt, Begun, CredentialStore, StoredValue } from "../store/credential-store.ts";
import type { WechatHttp } from "../wechat/http.ts";
import type { FetchReply } from "../wechat/reply.ts";
import { commitPersistently } from "./commit.ts";
import type { Memory } from "./memory.ts";
import { createRecordFailure } from "./record-failure.ts";
import type { Repair } from "./repair.ts";
import { spendFailedJobs } from "./rerun.ts";

/** What one attempt is about. */
export interface AttemptInput {
  readonly credential: Credential;
  readonly recipe: Recipe;
  readonly state: CredentialState;
  readonly reason: RefreshReason;
  readonly byHand: boolean;
  /** Fetches a day allowed. */
  readonly cap: number;
  /** Name of the day's counter in this worker's memory. */
  readonly counter: string;
  readonly parent?: StoredValue;
  /** It has begun already, with the look. */
  readonly begun?: BegunAttempt;
  /** The job by which a person forces another value. */
  readonly forcedBy?: string;
}

/** An attempt under way. */
export type BegunAttempt = Extract<Begun, { type: "begun" }> & {
  readonly attempt: string;
  /** Monotonic ms, before Redis was asked: the lease counts from then at the earliest. */
  readonly startedAt: number;
};

/** Begins, fetches and commits once. `changed`: the facts are others by now, decide again. */
export type RunAttempt = (input: AttemptInput) => Promise<RefreshOutcome | "changed">;

/** What an attempt works with. */
export interface AttemptDeps {
  readonly store: CredentialStore;
  readonly http: WechatHttp;
  readonly memory: Memory;
  readonly repair: Repair;
  readonly clock: Clock;
  readonly random: () => number;
  readonly durations: Durations;
  readonly newAttemptId: () => string;
  readonly log: Log;
}

const SUSPECT =
  "微信拒绝该凭证却仍返回同一个值，只能人工强制刷新。 WeChat refuses this value and yet returns it; only a forced refresh by hand helps.";

/** One attempt: lease and intent, fetch, commit under the fence. */
export function createAttempt(deps: AttemptDeps): RunAttempt {
  const { store, http, memory, clock, random, durations, log } = deps;
  const recordFailure = createRecordFailure(deps);

  async function fetchValue({ recipe, parent }: AttemptInput, leaseEndsAt: number): Promise<FetchReply> {
    // A pause of this process may have eaten the lease: a late request would rotate the value behind everybody's back.
    if (leaseEndsAt - clock.monotonic() < durations.http)
      return { type: "failure", failure: wordFailure("unreachable") };
    return recipe.read(await http.send(recipe.request(parent?.value ?? "")));
  }

  async function begin(
    { credential, recipe, state, counter, cap, byHand, forcedBy }: AttemptInput,
    settleMs: number,
  ): Promise<BegunAttempt | Exclude<Begun, { type: "begun" }>> {
    const attempt = deps.newAttemptId();
    const startedAt = clock.monotonic();
    const begun = await store.begin({
      credential: credential.ref,
      endpoint: recipe.endpoint,
      attempt,
      state,
      leaseMs: durations.lease,
      cap,
      byHand,
      rememberedUse: memory.useOf(counter),
      settleMs,
      ...(forcedBy !== undefined && { forcedBy }),
    });
    return begun.type === "begun" ? { ...begun, attempt, startedAt } : begun;
  }

  return async (input) => {
    const { credential, recipe, state, reason, byHand } = input;
    // Only the classic endpoint retires a value that nobody saw; the others give the same one again.
    const settleMs = recipe.rotation === "each_fetch" ? Math.round(durations.settle * (1 + random() * 0.5)) : 0;
    const begun = input.begun ?? (await begin(input, settleMs));
    if (begun.type === "changed") return "changed";
    if (begun.type === "busy") return begun;
    if (begun.type === "budget") return { type: "blocked", why: "budget", until: nextBeijingMidnight(state.now) };
    memory.rememberUse(input.counter, begun.used);
    if (byHand) await spendFailedJobs(store, credential.ref, state.control).catch(() => {});

    const { attempt: attemptId, startedAt, generation } = begun;
    const attempt: Attempt = { credential: credential.ref, attempt: attemptId, generation, settleMs };
    const begunAt = clock.monotonic();
    const fail = (failure: Failure): Promise<RefreshOutcome> =>
      recordFailure({
        ...input,
        attempt,
        failure,
        sentAt: begun.now,
        now: begun.now + Math.round(clock.monotonic() - begunAt),
      });
    const leaseEndsAt = startedAt + durations.lease;
    const reply = await fetchValue(input, leaseEndsAt);
    if (reply.type === "failure") return fail(reply.failure);

    const fp = fingerprint(reply.value);
    const unchanged = fp === state.control.fingerprint;
    const knownSince = (unchanged ? state.control.valueSince : undefined) ?? memory.sinceOf(credential.id, fp);
    const { expiresAt, planAt } = planLife(
      {
        rotation: recipe.rotation,
        sentAt: begun.now,
        lifeMs: reply.lifeMs,
        ...(knownSince !== undefined && { unchangedSince: knownSince }),
        ...(credential.account.refreshEvery !== undefined && { refreshEvery: credential.account.refreshEvery }),
      },
      durations,
      random,
    );
    const commit = {
      ...attempt,
      value: reply.value,
      fingerprint: fp,
      sentAt: begun.now,
      expiresAt,
      planAt,
      valueSince: knownSince ?? begun.now,
      reason,
      durationMs: Math.round(clock.monotonic() - startedAt),
      suspect: unchanged && reason === "reported",
    };
    const committed = await commitPersistently({ store, clock, retryMs: durations.http / 40 }, commit, leaseEndsAt);
    if (committed === "not_stored") return fail(wordFailure("not_stored"));
    if (committed === "fenced") {
      log.warn({ credential: credential.id, attempt: attemptId }, "refresh.fenced");
      return { type: "fenced" };
    }
    memory.forgetBlock(credential.id);
    deps.repair.watch(commit, state.control.committedGeneration);
    if (commit.suspect)
      log.error({ credential: credential.id, account: credential.account.name, fp }, `credential.suspect ${SUSPECT}`);
    log.info(
      {
        credential: credential.id,
        account: credential.account.name,
        reason,
        attempt: attemptId,
        fp,
        unchanged,
        durationMs: commit.durationMs,
      },
      "credential.refreshed",
    );
    return { type: "refreshed", reason, fingerprint: fp, unchanged, expiresAt, nextAt: planAt };
  };
}
