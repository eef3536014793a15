// The WeChat libraries that Node people have, each with its own way to keep the token in Redis. None can fetch one: they get no secret, and the
// value lives longer than the benchmark.
import { createRequire } from "node:module";
import type { Redis } from "ioredis";
import type { SharedToken } from "./token-sources.ts";

const require = createRequire(import.meta.url);
const NO_SECRET = "none";
const LIFE_S = 7_000;

/** Puts the token where a library looks for it. @returns the library's own way to get it */
export type NpmClient = (redis: Redis, token: SharedToken) => Promise<() => Promise<string>>;

/** `getToken` reads Redis, as its README shows for several processes. */
export const coWechatApi: NpmClient = async (redis, { account, value }) => {
  interface Token {
    readonly accessToken: string;
    readonly expireTime: number;
  }
  type Api = new (
    appId: string,
    secret: string,
    getToken: () => Promise<Token>,
    save: () => void,
    custom: true,
  ) => {
    ensureAccessToken(): Promise<Token>;
  };
  const Api = require("co-wechat-api") as Api;
  const key = `co-wechat-api:${account}`;
  const expireTime = Date.now() + LIFE_S * 1_000;
  await redis.set(key, JSON.stringify({ accessToken: value, expireTime } satisfies Token));
  const load = async (): Promise<Token> => JSON.parse((await redis.get(key)) ?? "null") as Token;
  const api = new Api(account, NO_SECRET, load, () => undefined, true);
  return async () => (await api.ensureAccessToken()).accessToken;
};

/** Its cache is Redis. */
export const nodeEasywechat: NpmClient = async (redis, { account, value }) => {
  interface OfficialAccount {
    setCache(cache: object): void;
    getAccessToken(): { getKey(): string; getToken(): Promise<string> };
  }
  const { OfficialAccount } = require("node-easywechat") as {
    OfficialAccount: new (config: object) => OfficialAccount;
  };
  const app = new OfficialAccount({ app_id: account, secret: NO_SECRET });
  app.setCache({ get: (key: string) => redis.get(key) });
  const token = app.getAccessToken();
  await redis.set(token.getKey(), value);
  return () => token.getToken();
};

/** Its cache adapter is Redis. */
export const nestWechat: NpmClient = async (redis, { account, value }) => {
  interface Service {
    getToken(appId: string, secret: string): Promise<string>;
  }
  const { WeChatService } = require("nest-wechat") as { WeChatService: new (options: object) => Service };
  const cacheAdapter = {
    get: async (key: string): Promise<unknown> => JSON.parse((await redis.get(key)) ?? "null"),
  };
  const service = new WeChatService({ appId: account, secret: NO_SECRET, cacheAdapter });
  const expiresAt = Math.floor(Date.now() / 1_000) + LIFE_S;
  await redis.set(`key_access_token_${account}`, JSON.stringify({ access_token: value, expires_in: expiresAt }));
  return () => service.getToken(account, NO_SECRET);
};
