import { describeFailure, type Failure, type Log, type TriggerReason } from "@tokenkeeper/core";
import { credentialId } from "@tokenkeeper/shared/contract";
import type { Credential, Credentials } from "../credentials.ts";
import type { CredentialState } from "../decide/state.ts";
import { changesCall, HELD_AT_ONCE, readChanges, type Held } from "../families/follower/leader-calls.ts";
import type { BringForward } from "../store/bring-forward.ts";
import type { CredentialStore } from "../store/credential-store.ts";
import type { WechatHttp } from "../wechat/http.ts";

/** Hears of the leader's rotations. */
export interface Changes {
  /** Looks at every credential that follows. Rejects with `StorageError` when Redis fails. */
  check(): Promise<void>;
  /** Looks at one. @returns whether the leader has another value of it. Rejects with `StorageError`. */
  checkOne(credential: Credential): Promise<boolean>;
}

/** What it works with. */
export interface ChangesDeps {
  readonly credentials: Credentials;
  readonly store: CredentialStore;
  readonly bringForward: BringForward;
  readonly http: WechatHttp;
  readonly trigger: (credential: Credential, reason: TriggerReason) => Promise<void>;
  readonly log: Log;
}

/**
 * One request for many credentials asks which have another value at the leader; those are looked at now, by the same job as
 * always. So a rotation is here long before the value that it replaces dies, and a leader that was away is seen to be back.
 */
export function createChanges({ credentials, store, bringForward, http, trigger, log }: ChangesDeps): Changes {
  let failing: Failure["code"] | undefined;

  /** Those of which the leader has another value, or why it could not be asked. */
  async function changedAmong(followers: readonly Credential[]): Promise<readonly Credential[] | Failure> {
    const [first] = followers;
    if (first?.account.leader === undefined) return [];
    const states = await store.readStates(
      followers.map(({ ref, recipe }) => ({ credential: ref, endpoint: recipe.endpoint })),
    );
    const held = followers.map(({ ref }, index) => heldOf(ref, states[index]));
    const reply = readChanges(await http.send(changesCall(first.account.leader, held)));
    if (reply.type === "failure") return reply.failure;
    const named = new Set(reply.refs.map((ref) => credentialId(ref)));
    const changed = followers.flatMap((credential, index) =>
      // Of a paused account nothing is fetched: it is not planned anew with every check.
      named.has(credential.id) && !states[index]?.paused
        ? [{ credential, committed: states[index]?.control.fingerprint }]
        : [],
    );
    for (const { credential, committed } of changed) {
      if (await bringForward(credential.ref, committed)) await trigger(credential, "leader");
    }
    return changed.map(({ credential }) => credential);
  }

  /** One line when it begins to fail, or fails otherwise, and one when it goes on. */
  function note(failure: Failure | undefined): void {
    if (failure?.code === failing) return;
    failing = failure?.code;
    if (failure) log.warn({ code: failure.code }, `leader.failed ${describeFailure(failure, "token")}`);
    else log.info({}, "leader.recovered");
  }

  return {
    async check() {
      const followers = credentials.all.filter(({ account }) => account.leader !== undefined);
      let failure: Failure | undefined;
      // A leader that does not answer once is not waited for again before the next check.
      for (let start = 0; start < followers.length && failure === undefined; start += HELD_AT_ONCE) {
        const changed = await changedAmong(followers.slice(start, start + HELD_AT_ONCE));
        if ("code" in changed) failure = changed;
      }
      if (followers.length > 0) note(failure);
    },
    async checkOne(credential) {
      const changed = await changedAmong([credential]);
      return !("code" in changed) && changed.length > 0;
    },
  };
}

/** Only a value that is valid counts as held: the leader is to say that it has one when there is none here. */
function heldOf(ref: Credential["ref"], state: CredentialState | undefined): Held {
  const fingerprint = state?.remainingMs === undefined ? undefined : state.control.fingerprint;
  return fingerprint === undefined ? { ref } : { ref, fingerprint };
}
