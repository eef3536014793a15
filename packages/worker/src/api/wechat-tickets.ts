import type { ApiKey, Durations } from "@tokenkeeper/core";
import type { CredentialKind } from "@tokenkeeper/shared/contract";
import type { Credential, Credentials } from "../credentials.ts";
import type { Given, GivenTokens } from "../store/given-tokens.ts";
import { StorageError } from "../store/run-script.ts";
import { Refusal } from "./refusal.ts";
import type { Serving } from "./serving.ts";

/** A ticket's caller: WeChat's ticket call names neither account nor key, only an access token. */
export interface TicketCaller {
  readonly key: ApiKey;
  /** The credential of the presented access token. */
  readonly parent: Credential;
  readonly ticket: Credential;
}

/** Why the bearer of an access token gets no ticket. */
export type NoTicket = "unknown_token" | "no_right";

/** What finding the caller works with. */
export interface TicketCallersDeps {
  readonly serving: Serving;
  readonly credentials: Credentials;
  readonly holders: GivenTokens;
  readonly durations: Durations;
}

/** Finds out who presents an access token, and whether it is one of ours that still counts. */
export interface TicketCallers {
  /**
   * The key that was given this token and may have the ticket. A token given to a key that is not in force any more
   * is as good as unknown. @throws Refusal when Redis is away and this worker did not give it out itself.
   */
  find(accessToken: string, kind: CredentialKind): Promise<TicketCaller | NoTicket>;
  /** Whether the token is the stored one, or the one before it while WeChat too accepts that. @throws Refusal */
  isCurrent(accessToken: string, parent: Credential): Promise<boolean>;
}

/** The one place that turns an access token into an account. */
export function createTicketCallers({ serving, credentials, holders, durations }: TicketCallersDeps): TicketCallers {
  async function holdersOf(accessToken: string): Promise<Given[]> {
    try {
      return await holders.find(accessToken);
    } catch (error) {
      if (error instanceof StorageError) throw new Refusal("unavailable");
      throw error;
    }
  }

  return {
    async find(accessToken, kind) {
      const known = (await holdersOf(accessToken)).flatMap(({ key: name, account }) => {
        const parent = credentials.find({ account, kind: "access_token" });
        return parent && serving.keyFor(name, parent.ref) ? [{ name, parent }] : [];
      });
      if (known.length === 0) return "unknown_token";
      for (const { name, parent } of known) {
        const ticket = credentials.find({ account: parent.ref.account, kind });
        const key = ticket && serving.keyFor(name, ticket.ref);
        if (key) return { key, parent, ticket };
      }
      return "no_right";
    },

    async isCurrent(accessToken, parent) {
      const { value, ageMs } = await serving.read(parent);
      return value === accessToken || ageMs < durations.overlap;
    },
  };
}
