import { randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import { createAccountNames } from "./account-names.ts";
import { connectForReading, findRedisUrl } from "./connect.ts";
import { TICKET_KINDS, type CredentialKind, type CredentialRef, type TicketType } from "./credential.ts";
import { TokenUnavailableError } from "./errors.ts";
import { createReader, type ReaderTimes } from "./reader.ts";
import { createReports } from "./reports.ts";
import { createRotations } from "./rotations.ts";
import { jsApiSignature, type JsApiSignature } from "./signature.ts";
import { createRecordStore } from "./store.ts";
import { SECOND, systemClock, type Clock } from "./time.ts";
import { createWithToken } from "./with-token.ts";

/** Settings of the token client. Durations in ms. */
export interface TokenClientOptions {
  /** The app's own ioredis client (its `keyPrefix` is not used), or a URL. Default: `REDIS_URL`, then the file that `start` wrote. */
  readonly redis?: Redis | string;
  /** How long a value is served from memory before Redis is asked again. @default 30_000, the most that is allowed */
  readonly cacheMs?: number;
  /** How long a read waits for a missing value, and `withToken` for a newer one. @default 3_000 */
  readonly waitMs?: number;
  /** How long one answer of Redis may take. @default 2_000 */
  readonly redisDeadlineMs?: number;
  /** For tests with a compressed simulator: divides what follows a credential's life (`cacheMs`, the margin at its end). @default 1 */
  readonly timeScale?: number;
  readonly clock?: Clock;
}

/** Reads tokens and tickets. `account` is an appid, or the name that the worker's configuration gives it. */
export interface TokenClient {
  /** The access token. @throws TokenUnavailableError */
  getAccessToken(account: string): Promise<string>;
  /** The ticket for JS-SDK (`jsapi`) or cards (`wx_card`). @throws TokenUnavailableError */
  getTicket(account: string, type: TicketType): Promise<string>;
  /** What `wx.config` needs for the page at `url`. @throws TokenUnavailableError */
  signJsApi(account: string, url: string): Promise<JsApiSignature>;
  /**
   * Makes a business call. When WeChat refuses the token (errcode 40001, 40014 or 42001, in the returned body or as
   * `errcode` of a thrown error) the value is reported and the call made once more with a newer one.
   * Every other result or error of `call` is passed through untouched.
   * @throws TokenUnavailableError
   */
  withToken<T>(account: string, call: (token: string) => Promise<T>): Promise<T>;
  /** Ends the connections that the client opened itself; the app's own Redis client stays open. */
  close(): Promise<void>;
}

const MAX_CACHE_MS = 30 * SECOND;

/**
 * Makes a token client. Connects at once, reads when asked.
 * @throws TokenClientUsageError when no Redis is named and none can be found.
 */
export function createTokenClient(options: TokenClientOptions = {}): TokenClient {
  const clock = options.clock ?? systemClock;
  const given = options.redis ?? findRedisUrl(process.env, process.cwd());
  const shared = typeof given === "string" || given.options.keyPrefix ? undefined : given;
  const redis = shared ?? connectForReading(given);
  const scale = options.timeScale ?? 1;
  const deadlineMs = options.redisDeadlineMs ?? 2 * SECOND;
  const times: ReaderTimes = {
    cacheMs: Math.min(options.cacheMs ?? MAX_CACHE_MS, MAX_CACHE_MS) / scale,
    waitMs: options.waitMs ?? 3 * SECOND,
    endMarginMs: (5 * SECOND) / scale,
    pollMs: 200,
    retryMs: SECOND,
  };
  const store = createRecordStore({ redis, deadlineMs });
  const rotations = createRotations(redis);
  const reports = createReports({ redis, clock, deadlineMs, repeatMs: times.waitMs });
  const reader = createReader({ store, rotations, reports, clock, times });
  const withTokenOf = createWithToken({ reader, reports });
  const accounts = createAccountNames({
    find: (idOrName) => store.accountId(idOrName),
    clock,
    trustMs: times.cacheMs,
    retryMs: times.retryMs,
  });

  async function credentialOf(idOrName: string, kind: CredentialKind): Promise<CredentialRef> {
    const account = await accounts.find(idOrName).catch(() => {
      throw new TokenUnavailableError({ account: idOrName, kind, reason: "redis_unreachable" });
    });
    if (account === undefined) throw new TokenUnavailableError({ account: idOrName, kind, reason: "unknown_account" });
    return { account, kind };
  }

  return {
    async getAccessToken(account) {
      return reader.read(await credentialOf(account, "access_token"));
    },

    async getTicket(account, type) {
      return reader.read(await credentialOf(account, TICKET_KINDS[type]));
    },

    async signJsApi(account, url) {
      const credential = await credentialOf(account, "jsapi_ticket");
      const ticket = await reader.read(credential);
      const nonceStr = randomBytes(12).toString("hex");
      const timestamp = Math.floor(clock.now() / SECOND);
      const signature = jsApiSignature({ ticket, nonceStr, timestamp, url });
      return { appId: credential.account, timestamp, nonceStr, signature };
    },

    async withToken(account, call) {
      return withTokenOf(await credentialOf(account, "access_token"), call);
    },

    async close() {
      rotations.close();
      if (!shared) redis.disconnect();
    },
  };
}
