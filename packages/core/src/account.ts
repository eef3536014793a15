import { CREDENTIAL_KINDS, type CredentialKind } from "@tokenkeeper/shared/contract";
import { z } from "zod";
import type { Mirror } from "./account-mirrors.ts";
import type { Secret } from "./secret.ts";

/** What kind of WeChat account it is. */
export type AccountType = "official-account" | "mini-program";

/** Another instance of ours, from which credentials are read. */
export interface Leader {
  /** Where its token HTTP API is, without a path. */
  readonly origin: string;
  /** The key that it was told of. */
  readonly key: Secret;
}

/** One account of the configuration. */
export interface Account {
  /** The appid. */
  readonly id: string;
  /** The name by which apps may ask and people see it; the appid when the file gives none. */
  readonly name: string;
  readonly type: AccountType;
  /** The AppSecret; of an account that follows there is none, and the box is empty. */
  readonly secret: Secret;
  /** The account follows: its credentials are read from there, never fetched from WeChat. */
  readonly leader?: Leader;
  /** `stable`: `/cgi-bin/stable_token`, repeats the token until its last 5 minutes. `classic`: `/cgi-bin/token`, a new one at each fetch. */
  readonly token: "stable" | "classic";
  /** `stable`: when the classic quota is gone near the end, fetch a stable token instead. */
  readonly fallback: "stable" | "never";
  /** WeChat gives a test account only 200 classic fetches a day. */
  readonly sandbox: boolean;
  /** Another period than the built-in one for what WeChat rotates at every fetch, ms. */
  readonly refreshEvery?: number;
  readonly kinds: readonly CredentialKind[];
  /** The SDKs' own caches in which the values stand as well. */
  readonly mirrors: readonly Mirror[];
}

/** What `wx:accounts` holds of an account: nothing secret. */
export interface AccountEntry {
  readonly id: string;
  readonly name: string;
  readonly family: AccountType;
  readonly token: Account["token"];
  /** A test account, to which WeChat gives fewer fetches. */
  readonly sandbox: boolean;
  readonly kinds: readonly CredentialKind[];
  /** Its credentials are read from a leader; absent for an account that is fetched from WeChat. */
  readonly follows?: true | undefined;
}

const entrySchema = z.object({
  id: z.string(),
  name: z.string(),
  family: z.enum(["official-account", "mini-program"]),
  // Workers of before 0.2 do not write these two.
  token: z.enum(["stable", "classic"]).default("stable"),
  sandbox: z.boolean().default(false),
  kinds: z.array(z.enum(CREDENTIAL_KINDS)),
  follows: z.literal(true).optional().catch(undefined),
});

/** Reads an entry of `wx:accounts`; `undefined` when it is not one. */
export function parseAccountEntry(json: string): AccountEntry | undefined {
  try {
    return entrySchema.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

/** @returns the entry that apps and the dashboard may see. */
export function accountEntry({ id, name, type, token, sandbox, kinds, leader }: Account): AccountEntry {
  return { id, name, family: type, token, sandbox, kinds, ...(leader !== undefined && { follows: true }) };
}
