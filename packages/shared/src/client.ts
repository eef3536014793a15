import { createAccountNames } from "./account-names.ts";
import { connect, findRedisUrl, type AppRedis } from "./connect.ts";
import { TokenClientUsageError } from "./errors.ts";
import type { TokenMetrics } from "./metrics.ts";
import { readerTimes } from "./reader-times.ts";
import { createReports, REPORTER_PATTERN, sendToStream } from "./reports.ts";
import { createRotations } from "./rotations.ts";
import { createRecordStore } from "./store.ts";
import { SECOND, systemClock, type Clock } from "./time.ts";
import { assembleTokenClient, type TokenClient } from "./token-client.ts";

/** Settings of the token client. Durations in ms. */
export interface TokenClientOptions {
  /** The app's own client of ioredis 5 or 6 (its `keyPrefix` is not used), or a URL. Default: `REDIS_URL`, then the file that `start` wrote. */
  readonly redis?: AppRedis | string;
  /** How long a value is served from memory before Redis is asked again. @default 30_000, the most that is allowed */
  readonly cacheMs?: number;
  /** How long a read waits for a missing value, and `withToken` for a newer one. @default 3_000 */
  readonly waitMs?: number;
  /** How long one answer of Redis may take. @default 2_000 */
  readonly redisDeadlineMs?: number;
  /**
   * The name of this app, which stands beside what it reports on the dashboard: up to 64 letters, digits, spaces and `. _ -`.
   * @default none
   */
  readonly app?: string;
  /** Hooks for a metrics library. */
  readonly metrics?: TokenMetrics;
  /** For tests with a compressed simulator: divides what follows a credential's life (`cacheMs`, the margin at its end, the 5 minutes of a replaced token). @default 1 */
  readonly timeScale?: number;
  readonly clock?: Clock;
}

/**
 * Makes a token client. Connects at once, reads when asked.
 * @throws TokenClientUsageError when no Redis is named and none can be found, or `app` is no such name.
 */
export function createTokenClient(options: TokenClientOptions = {}): TokenClient {
  const { clock = systemClock, redisDeadlineMs: deadlineMs = 2 * SECOND, metrics, app } = options;
  if (app !== undefined && !REPORTER_PATTERN.test(app)) {
    throw new TokenClientUsageError("`app`: expected a name of up to 64 letters, digits, spaces and . _ -");
  }
  const { redis, own } = connect(options.redis ?? findRedisUrl(process.env, process.cwd()));
  const times = readerTimes(options);
  const store = createRecordStore({ redis, deadlineMs });
  return assembleTokenClient({
    store,
    accounts: createAccountNames({
      find: (idOrName) => store.accountId(idOrName),
      clock,
      trustMs: times.cacheMs,
      retryMs: times.retryMs,
    }),
    rotations: createRotations(redis),
    reports: createReports({
      send: sendToStream({ redis, deadlineMs, reporter: app }),
      clock,
      repeatMs: times.waitMs,
    }),
    clock,
    times,
    ...(metrics && { metrics }),
    close() {
      if (own) redis.disconnect();
    },
  });
}
