import { createHash } from "node:crypto";
import { givenKey } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { guard } from "./run-script.ts";

/** To whom an access token was given. */
export interface Given {
  /** The name of the key. */
  readonly key: string;
  /** The account's id. */
  readonly account: string;
}

/**
 * Remembers to whom access tokens were given: WeChat's ticket call carries nothing but a token. All workers know it, so
 * that a client may ask another worker for the ticket than for the token. Functions reject with `StorageError`.
 */
export interface GivenTokens {
  /** @param lifeMs how long the token is valid. */
  remember(token: string, given: Given, lifeMs: number): Promise<void>;
  find(token: string): Promise<Given[]>;
}

/** On a real Redis; only the token's hash is stored. */
export function createGivenTokens(redis: Redis): GivenTokens {
  return {
    remember: (token, { key, account }, lifeMs) =>
      guard(async () => {
        const place = keyOf(token);
        await redis.multi().hset(place, key, account).pexpire(place, Math.ceil(lifeMs)).exec();
      }),

    find: (token) =>
      guard(async () => {
        const entries = await redis.hgetall(keyOf(token));
        return Object.entries(entries).map(([key, account]) => ({ key, account }));
      }),
  };
}

function keyOf(token: string): string {
  return givenKey(createHash("sha256").update(token).digest("hex"));
}
