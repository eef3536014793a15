import type { ApiKey } from "@tokenkeeper/core";
import { fingerprint } from "@tokenkeeper/shared/contract";
import type { Credential } from "../credentials.ts";
import { followBody, type FollowAnswer, type FollowQuestion } from "./answers.ts";
import type { Followers } from "./followers.ts";
import type { Readings } from "./readings.ts";
import { Refusal } from "./refusal.ts";
import type { Serving } from "./serving.ts";

/** Answers an instance that follows this one: which of its credentials have another value here. Throws `Refusal`. */
export type Follow = (key: ApiKey, body: unknown) => Promise<FollowAnswer>;

/** What following works with. */
export interface FollowDeps {
  readonly serving: Serving;
  readonly readings: Readings;
  readonly followers: Followers;
}

const WRONG_BODY =
  'Send {"credentials": [{"account": "<id or name>", "kind": "<kind>", "fingerprint": "<of the value you hold, if any>"}]}, at most 500 of them, and nothing else.';

/** No value is in the answer. What is not in the key's scope, and what has no valid value now, has not changed. */
export function createFollow({ serving, readings, followers }: FollowDeps): Follow {
  /** What is missing here is not demanded, nor waited for: a follower that needs it reads it. */
  async function hasChanged({ ref }: Credential, held: string | undefined): Promise<boolean> {
    const current = await readings.reread(ref);
    return current !== undefined && fingerprint(current.value) !== held;
  }

  return async (key, body) => {
    const parsed = followBody.safeParse(body).data;
    if (!parsed) throw new Refusal("bad_request", { message: WRONG_BODY });
    const known = parsed.credentials.flatMap(({ account, kind, fingerprint: held }: FollowQuestion) => {
      const credential = serving.lookUp(key, account, kind);
      return credential ? [{ credential, held }] : [];
    });
    followers.seen(key.name, [...new Set(known.map(({ credential }) => credential.ref.account))]);
    const changed = await Promise.all(known.map(({ credential, held }) => hasChanged(credential, held)));
    return { changed: known.filter((_, index) => changed[index]).map(({ credential }) => credential.ref) };
  };
}
