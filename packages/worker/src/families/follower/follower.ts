import { HAND_CAP } from "@tokenkeeper/core";
import type { Family } from "../family.ts";
import { credentialCall, readCredential } from "./leader-calls.ts";

/** Asking a leader costs nothing at WeChat; this only bounds a loop that nobody has thought of. About one in 4 s. */
const FETCHES_A_DAY = 20_000;

/** Accounts whose credentials are read from another instance over its token HTTP API: nothing is fetched from WeChat. */
export const followerFamily: Family = {
  recipe: (account, kind) => ({
    endpoint: "leader",
    scope: kind === "access_token" ? "token" : "ticket",
    rotation: "at_leader",
    automaticCap: FETCHES_A_DAY,
    handCap: HAND_CAP,
    request: () => credentialCall(account, { account: account.id, kind }),
    read: readCredential,
  }),
};
