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

  async function changedAmong(followers: readonly Credential[]): Promise<readonly Credential[]> {
    const [first] = followers;
    if (!first) return [];
    const states = await store.readStates(
      followers.map(({ ref, recipe }) => ({ credential: ref, endpoint: recipe.endpoint })),
    );
    const held = followers.map(({ ref }, index) => heldOf(ref, states[index]));
    const reply = readChanges(await http.send(changesCall(first.account, held)));
    note(reply.type === "failure" ? reply.failure : undefined);
    if (reply.type === "failure") return [];
    const named = new Set(reply.refs.map((ref) => credentialId(ref)));
    const changed = followers.flatMap((credential, index) =>
      named.has(credential.id) ? [{ credential, committed: states[index]?.control.fingerprint }] : [],
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
      for (let start = 0; start < followers.length; start += HELD_AT_ONCE) {
        await changedAmong(followers.slice(start, start + HELD_AT_ONCE));
      }
    },
    checkOne: async (credential) => (await changedAmong([credential])).length > 0,
  };
}

/** Only a value that is valid counts as held: the leader is to say that it has one when there is none here. */
function heldOf(ref: Credential["ref"], state: CredentialState | undefined): Held {
  const fingerprint = state?.remainingMs === undefined ? undefined : state.control.fingerprint;
  return fingerprint === undefined ? { ref } : { ref, fingerprint };
}
