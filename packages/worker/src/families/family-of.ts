import type { Account } from "@tokenkeeper/core";
import type { Family } from "./family.ts";
import { followerFamily } from "./follower/follower.ts";
import { officialAccountFamily } from "./official-account/official-account.ts";

/** Which family keeps an account's credentials. */
export function familyOf({ leader }: Account): Family {
  return leader === undefined ? officialAccountFamily : followerFamily;
}
