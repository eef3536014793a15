import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { HOUR, MINUTE, sessionKey, userSessionsKey } from "@tokenkeeper/shared/contract";
import type { ChainableCommander, Redis } from "ioredis";
import { z } from "zod";
import { UnavailableError } from "@tokenkeeper/ops";
import type { User } from "./users/user.ts";
import type { Users } from "./users/users.ts";

const IDLE = 30 * MINUTE;
const ABSOLUTE = 8 * HOUR;
const ID_BYTES = 32;
const MOST_OF_A_USER = 5;

const storedSession = z.object({ user: z.string(), proof: z.string(), endsAt: z.number() });

/** Who is signed in, kept in Redis. All of it rejects with UnavailableError while Redis does not answer. */
export interface Sessions {
  /**
   * Begins a session; the oldest of more than 5 of a user ends.
   * @returns the new session's id, which only the browser gets: Redis holds a hash of it.
   */
  begin(user: User): Promise<string>;
  /** The user of a session that has not ended, as the user is now. @param use whether this counts as use */
  find(id: string, use: boolean): Promise<User | undefined>;
  end(id: string): Promise<void>;
  /** Ends every session of a user. */
  endAllOf(user: string): Promise<void>;
}

/** What sessions are made with. */
export interface SessionsDeps {
  readonly redis: Redis;
  /** Epoch ms. */
  readonly now: () => number;
  readonly users: Pick<Users, "find">;
}

/**
 * Sessions that end after 30 min without use, after 8 h in any case, and as soon as the user is gone or has another role
 * or password.
 */
export function createSessions({ redis, now, users }: SessionsDeps): Sessions {
  return {
    async begin(user) {
      const id = randomBytes(ID_BYTES).toString("base64url");
      const endsAt = now() + ABSOLUTE;
      const session = JSON.stringify({ user: user.name, proof: proofOf(id, user), endsAt });
      const index = userSessionsKey(user.name);
      const known = await answered(redis.zrange(index, 0, "-1"));
      const contents = known.length === 0 ? [] : await answered(redis.mget(known));
      const living = known.filter((_key, place) => typeof contents[place] === "string");
      const kept = new Set(living.slice(-(MOST_OF_A_USER - 1)));
      const stored = redis
        .multi()
        .set(keyOf(id), session, "PX", IDLE)
        .zadd(index, endsAt, keyOf(id))
        .pexpire(index, ABSOLUTE);
      remove(
        stored,
        index,
        known.filter((key) => !kept.has(key)),
      );
      await carriedOut(stored);
      return id;
    },
    async find(id, use) {
      const stored = parse(await answered(redis.get(keyOf(id))));
      const user = stored && users.find(stored.user);
      if (stored === undefined || user === undefined || !isEqual(stored.proof, proofOf(id, user))) return undefined;
      const rest = stored.endsAt - now();
      if (rest <= 0) return undefined;
      if (use) await answered(redis.pexpire(keyOf(id), Math.min(IDLE, rest)));
      return user;
    },
    async end(id) {
      const user = parse(await answered(redis.get(keyOf(id))))?.user;
      if (user === undefined) return;
      await carriedOut(remove(redis.multi(), userSessionsKey(user), [keyOf(id)]));
    },
    async endAllOf(user) {
      const index = userSessionsKey(user);
      await carriedOut(remove(redis.multi(), index, await answered(redis.zrange(index, 0, "-1"))));
    },
  };
}

function remove(commands: ChainableCommander, index: string, keys: readonly string[]): ChainableCommander {
  return keys.length === 0 ? commands : commands.del([...keys]).zrem(index, [...keys]);
}

function keyOf(id: string): string {
  return sessionKey(createHash("sha256").update(`tokenkeeper session ${id}`).digest("hex"));
}

/** Binds a session to the user's entry. Whoever may write to Redis, but has no entry, cannot make one. */
function proofOf(id: string, { entry }: User): string {
  return createHmac("sha256", entry).update(id).digest("hex");
}

function isEqual(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}

function parse(stored: string | null): z.output<typeof storedSession> | undefined {
  if (stored === null) return undefined;
  try {
    return storedSession.safeParse(JSON.parse(stored)).data;
  } catch {
    return undefined;
  }
}

async function carriedOut(commands: ChainableCommander): Promise<void> {
  const replies = await answered(commands.exec());
  if (replies === null || replies.some(([error]) => error !== null)) throw noAnswer();
}

async function answered<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch {
    throw noAnswer();
  }
}

function noAnswer(): UnavailableError {
  // The error of ioredis carries the command with its arguments.
  return new UnavailableError("Redis does not answer. Check that it runs and try again.");
}
