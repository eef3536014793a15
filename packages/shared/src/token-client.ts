import { randomBytes } from "node:crypto";
import type { AccountNames } from "./account-names.ts";
import {
  addCardSignature,
  chooseCardSignature,
  type CardForAdding,
  type CardsToChoose,
  type SignedCard,
  type SignedCardChoice,
} from "./card-signature.ts";
import { TICKET_KINDS, type CredentialKind, type CredentialRef, type TicketType } from "./credential.ts";
import { TokenUnavailableError } from "./errors.ts";
import { createEvents, type TokenEvents, type TokenListener } from "./events.ts";
import { fingerprint } from "./fingerprint.ts";
import { safeMetrics, type TokenMetrics } from "./metrics.ts";
import type { ReaderTimes } from "./reader-times.ts";
import { createReader } from "./reader.ts";
import type { Reports } from "./reports.ts";
import type { Rotations } from "./rotations.ts";
import { jsApiSignature, type JsApiSignature } from "./signature.ts";
import type { RecordStore } from "./store.ts";
import { SECOND, type Clock } from "./time.ts";
import { createWithToken, type WithTokenOptions } from "./with-token.ts";

/** Reads tokens and tickets. `account` is an appid, or the name that the worker's configuration gives it. */
export interface TokenClient {
  /** The access token. @throws TokenUnavailableError */
  getAccessToken(account: string): Promise<string>;
  /** The ticket for JS-SDK (`jsapi`) or cards (`wx_card`). @throws TokenUnavailableError */
  getTicket(account: string, type: TicketType): Promise<string>;
  /** What `wx.config` needs for the page at `url`. @throws TokenUnavailableError */
  signJsApi(account: string, url: string): Promise<JsApiSignature>;
  /** One element of the `cardList` that `wx.addCard` takes. @throws TokenUnavailableError */
  signCard(account: string, card: CardForAdding): Promise<SignedCard>;
  /** What `wx.chooseCard` takes. @throws TokenUnavailableError */
  signCardChoice(account: string, cards?: CardsToChoose): Promise<SignedCardChoice>;
  /**
   * Makes a business call. When WeChat refuses the token (errcode 40001, 40014 or 42001; in the returned body, also as JSON in a
   * text, in bytes or in the `data` or `body` of a response, or in a thrown error) the value is reported and the call made
   * once more with a newer one. Every other result or error of `call` is passed through untouched, and so is a second refusal.
   * @throws TokenUnavailableError
   */
  withToken<T>(account: string, call: (token: string) => T | Promise<T>, options?: WithTokenOptions): Promise<T>;
  /**
   * For calls made without `withToken`: tells the worker that WeChat refused `token` (40001, 40014, 42001), and makes the next read ask
   * Redis. Only a fingerprint of it leaves the process. The worker asks WeChat before it believes a report. Resolves when it is told, or
   * when Redis does not take it, which the worker's own schedule makes up for.
   * @throws TokenUnavailableError when no account of this id or name is known.
   */
  report(account: string, token: string): Promise<void>;
  /**
   * Listens to `rotated` (this process has learnt another value) or `stale` (a value is served past its time in memory because Redis
   * could not be asked or has lost it; at most once a second for each credential).
   * @returns a function that ends the subscription.
   */
  on<Name extends keyof TokenEvents>(name: Name, listener: TokenListener<Name>): () => void;
  /** Ends the connections that the client opened itself; the app's own Redis client stays open. */
  close(): Promise<void>;
}

/** What a token client is made of. */
export interface TokenClientParts {
  readonly accounts: AccountNames;
  readonly store: RecordStore;
  readonly rotations: Rotations;
  readonly reports: Reports;
  readonly clock: Clock;
  readonly times: ReaderTimes;
  readonly metrics?: TokenMetrics;
  /** Ends what was opened for this client. */
  readonly close: () => void;
}

/** Puts a token client together; where its values come from is the parts' business. */
export function assembleTokenClient(parts: TokenClientParts): TokenClient {
  const { accounts, clock, reports, rotations } = parts;
  const events = createEvents();
  const metrics = safeMetrics(parts.metrics ?? {});
  const reader = createReader({
    ...parts,
    hooks: {
      ...(metrics.read && {
        read: ({ account, kind }, source, result) => metrics.read?.({ account, kind, source, result }),
      }),
      rotated({ account, kind }, version, lagMs) {
        events.emit("rotated", { account, kind, version });
        metrics.rotation?.({ account, kind, lagMs });
      },
      stale: ({ account, kind }, cause) => events.emit("stale", { account, kind, cause }),
    },
  });
  const withTokenOf = createWithToken({ reader, reports, metrics });

  async function find(idOrName: string, kind: CredentialKind): Promise<CredentialRef> {
    const account = await accounts.find(idOrName).catch((): false => false);
    if (account) return { account, kind };
    const reason = account === false ? "redis_unreachable" : "unknown_account";
    metrics.read?.({ account: idOrName, kind, source: "redis", result: reason });
    throw new TokenUnavailableError({ account: idOrName, kind, reason });
  }

  function read(idOrName: string, kind: CredentialKind): Promise<string> {
    // Without a detour through promises when both the account and its value are remembered.
    const now = clock.monotonic();
    const account = accounts.remembered(idOrName, now);
    if (account !== undefined) return reader.read({ account, kind }, now);
    return find(idOrName, kind).then((credential) => reader.read(credential));
  }

  const fresh = (): { nonceStr: string; timestamp: number } => ({
    nonceStr: randomBytes(12).toString("hex"),
    timestamp: Math.floor(clock.now() / SECOND),
  });

  return {
    getAccessToken: (account) => read(account, "access_token"),

    getTicket: (account, type) => read(account, TICKET_KINDS[type]),

    async signJsApi(account, url) {
      const { account: appId, kind } = await find(account, "jsapi_ticket");
      const signed = { ...fresh(), url };
      const signature = jsApiSignature({ ...signed, ticket: await reader.read({ account: appId, kind }) });
      return { appId, timestamp: signed.timestamp, nonceStr: signed.nonceStr, signature };
    },

    async signCard(account, card) {
      const ticket = await read(account, "wx_card_ticket");
      return addCardSignature({ ...fresh(), ...card, ticket });
    },

    async signCardChoice(account, cards = {}) {
      const { account: appId, kind } = await find(account, "wx_card_ticket");
      return chooseCardSignature({ ...fresh(), ...cards, appId, ticket: await reader.read({ account: appId, kind }) });
    },

    async withToken(account, call, options) {
      return withTokenOf(await find(account, "access_token"), call, options);
    },

    async report(account, token) {
      const credential = await find(account, "access_token");
      reader.distrust(credential, token);
      await reports.tell({ ...credential, fp: fingerprint(token) });
    },

    on: (name, listener) => events.on(name, listener),

    async close() {
      rotations.close();
      parts.close();
    },
  };
}
