import { createTokenClient } from "@tokenkeeper/shared";
import { Redis } from "ioredis";
import { createClient } from "@redis/client";
import { coWechatApi, nestWechat, nodeEasywechat } from "./npm-clients.ts";

/** A way in which an app gets the access token of one account, over and over. */
export interface TokenSource {
  readonly name: string;
  /** Reads once. */
  readonly read: () => Promise<string | null>;
  /** Reads of one run: about a tenth of a second. */
  readonly reads: number;
  /** How many read at a time, each one by one. @default 1 */
  readonly callers?: number;
  /** How many times faster the client is to be. */
  readonly target?: number;
}

/** Where they all read. */
export interface SharedToken {
  readonly redisUrl: string;
  /** The record's account, which is known by `name` too. */
  readonly account: string;
  readonly name: string;
  readonly value: string;
}

/** Every source, and the connections that they read through. */
export interface TokenSources extends AsyncDisposable {
  /** The one that the others are compared with. */
  readonly first: TokenSource;
  readonly others: readonly TokenSource[];
}

/** @param redis the app's own client */
export async function openTokenSources(token: SharedToken, redis: Redis): Promise<TokenSources> {
  const { redisUrl: url, account, name, value } = token;
  const tokens = createTokenClient({ redis });
  await redis.set("plain", value);
  const pipelining = new Redis(url, { protocol: 2, enableAutoPipelining: true });
  const caching = createClient({ url, RESP: 3, clientSideCache: { ttl: 0, maxEntries: 0, evictPolicy: "LRU" } });
  caching.on("error", () => undefined);
  await caching.connect();
  const get = (key: string): Promise<string | null> => redis.get(key);
  return {
    first: {
      name: "getAccessToken from memory, by appid",
      reads: 500_000,
      read: () => tokens.getAccessToken(account),
    },
    others: [
      { name: "getAccessToken from memory, by name", reads: 500_000, read: () => tokens.getAccessToken(name) },
      { name: "ioredis GET, awaited one by one", reads: 2_000, read: () => get("plain"), target: 100 },
      {
        name: "ioredis GET, 50 callers, pipelined",
        reads: 20_000,
        callers: 50,
        read: () => pipelining.get("plain"),
        target: 20,
      },
      {
        name: "node-redis GET, its client-side cache",
        reads: 100_000,
        read: () => caching.get("plain"),
        target: 10,
      },
      { name: "co-wechat-api, token in Redis", reads: 2_000, read: await coWechatApi(redis, token) },
      { name: "node-easywechat, token in Redis", reads: 2_000, read: await nodeEasywechat(redis, token) },
      { name: "nest-wechat, token in Redis", reads: 2_000, read: await nestWechat(redis, token) },
    ],
    async [Symbol.asyncDispose]() {
      await tokens.close();
      pipelining.disconnect();
      caching.destroy();
    },
  };
}
