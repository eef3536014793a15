import { setTimeout as sleep } from "node:timers/promises";
import { createTokenClient, TokenUnavailableError, type TokenClient } from "@tokenkeeper/shared";
import { REFUSED_TOKEN_CODES } from "@tokenkeeper/shared/contract";
import type { Wechat } from "./wechat.ts";

/** What came of the apps' business calls. */
export interface Figures {
  readonly accepted: number;
  /** WeChat refused the token, also the second time: the app saw the error. */
  readonly refused: number;
  /** There was no token to call with. */
  readonly unavailable: number;
  /** Refused for another reason, such as the app's IP. */
  readonly others: number;
}

/** An app that makes business calls through `withToken` all the time. */
export interface App {
  readonly figures: Figures;
  /** Resolves when it has called each account once: from then on it has their tokens in memory. */
  warm(): Promise<void>;
  /** The token that it has now. */
  token(account: string): Promise<string>;
  /** As a rolling restart: it goes on with another Redis. */
  moveTo(redisUrl: string): Promise<void>;
  stop(): Promise<void>;
}

/** What an app calls. */
export interface AppOptions {
  readonly wechat: Wechat;
  readonly redisUrl: string;
  /** Names of accounts, called in turn. */
  readonly accounts: readonly string[];
  /** From one call to the next, ms. */
  readonly everyMs: number;
  /** Divides what follows a credential's life. */
  readonly timeScale: number;
}

/** Starts calling. */
export function startApp({ wechat, redisUrl, accounts, everyMs, timeScale }: AppOptions): App {
  const figures = { accepted: 0, refused: 0, unavailable: 0, others: 0 };
  const stopping = new AbortController();
  const connect = (redis: string): TokenClient => createTokenClient({ redis, timeScale });
  let tokens = connect(redisUrl);

  async function call(account: string): Promise<keyof Figures> {
    try {
      const { errcode = 0 } = await tokens.withToken(account, (token) => wechat.businessCall(token));
      if (errcode === 0) return "accepted";
      return REFUSED_TOKEN_CODES.includes(errcode) ? "refused" : "others";
    } catch (error) {
      return error instanceof TokenUnavailableError ? "unavailable" : "others";
    }
  }

  let current: Promise<keyof Figures>;
  let warmed = (): void => undefined;
  const warm = new Promise<void>((resolve) => (warmed = resolve));
  async function work(): Promise<void> {
    for (let turn = 0; !stopping.signal.aborted; turn += 1) {
      current = call(accounts[turn % accounts.length] ?? "");
      figures[await current] += 1;
      if (turn + 1 >= accounts.length) warmed();
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }
  const working = work();

  return {
    figures,
    warm: () => warm,
    token: (account) => tokens.getAccessToken(account),
    async moveTo(url) {
      const before = tokens;
      tokens = connect(url);
      // The call that is under way ends with the connection that it began with.
      await current;
      await before.close();
    },
    async stop() {
      stopping.abort();
      await working;
      await tokens.close();
    },
  };
}
