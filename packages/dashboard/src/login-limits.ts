import { createHash } from "node:crypto";
import { loginKeyPrefix, MINUTE, SECOND } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes, type RateLimiterAbstract } from "rate-limiter-flexible";

const WINDOW = 15 * MINUTE;
const PER_ADDRESS_AND_USER = 5;
const PER_ADDRESS = 30;

/** Who tries to sign in. */
export interface LoginAttempt {
  readonly address: string;
  readonly user: string;
}

/** Whether an attempt is looked at. */
export interface Turn {
  /** ms until the next one is allowed; 0 when this one is. */
  readonly wait: number;
  /** Whether this is the first one that is not looked at. */
  readonly isFirst: boolean;
}

/** How often signing in may fail: 5 times in 15 min for an address and user, 30 times for an address. */
export interface LoginLimits {
  /** Counts an attempt before it is looked at. */
  take(attempt: LoginAttempt): Promise<Turn>;
  /** Takes the attempt back: it was right. */
  forgive(attempt: LoginAttempt): Promise<void>;
}

/** Limits that count in Redis, and in this process while Redis does not answer. */
export function createLoginLimits(redis: Redis): LoginLimits {
  const limiter = (name: string, points: number): RateLimiterAbstract => {
    const limits = { keyPrefix: loginKeyPrefix(name), points, duration: WINDOW / SECOND };
    const insuranceLimiter = new RateLimiterMemory(limits);
    return new RateLimiterRedis({ ...limits, storeClient: redis, rejectIfRedisNotReady: true, insuranceLimiter });
  };
  const perUser = limiter("user", PER_ADDRESS_AND_USER);
  const perAddress = limiter("address", PER_ADDRESS);

  return {
    async take(attempt) {
      const turns = await Promise.all([turnAt(perUser, userKey(attempt)), turnAt(perAddress, attempt.address)]);
      return { wait: Math.max(...turns.map(({ wait }) => wait)), isFirst: turns.some(({ isFirst }) => isFirst) };
    },
    async forgive(attempt) {
      await Promise.all([perUser.delete(userKey(attempt)), perAddress.reward(attempt.address)]);
    },
  };
}

// People type passwords into the wrong field: a name that is not ours is not written down.
function userKey({ address, user }: LoginAttempt): string {
  return `${address}:${createHash("sha256").update(user).digest("hex")}`;
}

async function turnAt(limiter: RateLimiterAbstract, key: string): Promise<Turn> {
  try {
    await limiter.consume(key);
    return { wait: 0, isFirst: false };
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    return { wait: Math.max(1, refusal.msBeforeNext), isFirst: refusal.consumedPoints === limiter.points + 1 };
  }
}
