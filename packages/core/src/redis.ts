import { SECOND } from "@tokenkeeper/shared/contract";
import { Redis } from "ioredis";
import { errorFields, type Log } from "./log.ts";

/** Who connects, seen in `CLIENT LIST`, and how patient it is. */
export interface ConnectionOptions {
  readonly name: string;
  readonly log: Log;
  /** `queue`: BullMQ's own connections wait for Redis for ever. `command`: an answer comes in time or an error does. */
  readonly use: "queue" | "command";
}

/** How long one of our own commands may take, ms. */
const COMMAND_TIMEOUT = 3 * SECOND;
const LOG_EVERY = 10 * SECOND;

/** A connection to Redis that reconnects for ever, within 2 s, and says so in the log without the address. */
export function connectRedis(url: string, { name, log, use }: ConnectionOptions): Redis {
  const redis = new Redis(url, {
    // RESP3 costs BullMQ 10-30 %, and ioredis drops its invalidation messages anyway.
    protocol: 2,
    connectionName: name,
    connectTimeout: 5 * SECOND,
    maxRetriesPerRequest: use === "queue" ? null : 1,
    ...(use === "command" && { commandTimeout: COMMAND_TIMEOUT }),
    retryStrategy: (attempt) => Math.min(100 * 2 ** attempt, 2 * SECOND),
    // A failover left this connection at a replica: connect again and send the command once more.
    reconnectOnError: (error) => (error.message.startsWith("READONLY") ? 2 : false),
  });
  reportErrors(redis, log.child({ connection: name }));
  return redis;
}

/** Attaches the listener without which a broken connection would print its address; one line in 10 s at the most. */
export function reportErrors(
  emitter: { on(event: "error", listener: (error: Error) => void): unknown },
  log: Log,
): void {
  let lastAt = -LOG_EVERY;
  let held = 0;
  emitter.on("error", (error) => {
    const now = performance.now();
    if (now - lastAt < LOG_EVERY) {
      held += 1;
      return;
    }
    const { type, code } = errorFields(error);
    log.warn({ type, code, held }, "redis.error");
    lastAt = now;
    held = 0;
  });
}

/**
 * Resolves when Redis answers and lets us in; rejects when it does not, or still loads its data. One that cannot write to
 * its disk refuses PING too, although it serves what it has: that is an answer.
 */
export async function requireAnswer(redis: Redis): Promise<void> {
  try {
    await redis.ping();
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("MISCONF"))) throw error;
  }
}

/** What the server must be like before anything is stored in it. */
export interface RedisFacts {
  readonly version: string;
  readonly evictionPolicy: string;
}

/** @returns version and eviction policy, by `INFO`, which needs no admin right. Rejects when Redis does not answer. */
export async function readRedisFacts(redis: Redis): Promise<RedisFacts> {
  const info = await redis.info();
  const field = (name: string): string => new RegExp(`^${name}:(.*)$`, "m").exec(info)?.[1]?.trim() ?? "unknown";
  return { version: field("redis_version"), evictionPolicy: field("maxmemory_policy") };
}
