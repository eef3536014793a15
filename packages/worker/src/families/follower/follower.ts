import { HAND_CAP, LEADER_READS_A_DAY } from "@tokenkeeper/core";
import type { Family } from "../family.ts";
import { credentialCall, readCredential } from "./leader-calls.ts";

/** Accounts whose credentials are read from another instance over its token HTTP API: nothing is fetched from WeChat. */
export const followerFamily: Family = {
  recipe: (account, kind) => ({
    endpoint: "leader",
    scope: kind === "access_token" ? "token" : "ticket",
    rotation: "at_leader",
    automaticCap: LEADER_READS_A_DAY,
    handCap: HAND_CAP,
    request: () => credentialCall(account, { account: account.id, kind }),
    read: readCredential,
  }),
};
