import { createHash } from "node:crypto";
import { MINUTE, PREFIX, SECOND } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes, type RateLimiterAbstract } from "rate-limiter-flexible";

const WINDOW = 15 * MINUTE;
const PER_ADDRESS_AND_USER = 5;
const PER_ADDRESS = 30;

/** Who tries to sign in. */
export interface LoginAttempt {
  /** The address of the connection's other end. */
  readonly address: string;
  readonly user: string;
}

/** How often signing in may fail: 5 times in 15 min for an address and user, 30 times for an address. */
export interface LoginLimits {
  /**
   * Counts an attempt before it is looked at.
   * @returns ms until the next one is allowed; 0 when this one is.
   */
  take(attempt: LoginAttempt): Promise<number>;
  /** Takes the attempt back: it was right. */
  forgive(attempt: LoginAttempt): Promise<void>;
}

/** Limits that count in Redis, and in this process while Redis does not answer. */
export function createLoginLimits(redis: Redis): LoginLimits {
  const limiter = (name: string, points: number): RateLimiterAbstract => {
    const limits = { keyPrefix: `${PREFIX}:login:${name}`, points, duration: WINDOW / SECOND };
    const insuranceLimiter = new RateLimiterMemory(limits);
    return new RateLimiterRedis({ ...limits, storeClient: redis, rejectIfRedisNotReady: true, insuranceLimiter });
  };
  const perUser = limiter("user", PER_ADDRESS_AND_USER);
  const perAddress = limiter("address", PER_ADDRESS);

  return {
    async take(attempt) {
      const waits = await Promise.all([waitAt(perUser, userKey(attempt)), waitAt(perAddress, attempt.address)]);
      return Math.max(...waits);
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

async function waitAt(limiter: RateLimiterAbstract, key: string): Promise<number> {
  try {
    await limiter.consume(key);
    return 0;
  } catch (refusal) {
    if (refusal instanceof RateLimiterRes) return Math.max(1, refusal.msBeforeNext);
    throw refusal;
  }
}
