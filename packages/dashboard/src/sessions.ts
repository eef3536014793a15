import { createHmac, randomBytes } from "node:crypto";
import { HOUR, MINUTE, sessionKey } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { z } from "zod";
import { UnavailableError } from "./unavailable-error.ts";

const IDLE = 30 * MINUTE;
const ABSOLUTE = 8 * HOUR;
const ID_BYTES = 32;

const storedSession = z.object({ user: z.string(), endsAt: z.number() });

/** Who is signed in, kept in Redis. All of it rejects with UnavailableError while Redis does not answer. */
export interface Sessions {
  /** @returns the new session's id, which only the browser gets: Redis holds a hash of it. */
  begin(user: string): Promise<string>;
  /** The user of a session that has not ended; being asked for counts as use. */
  find(id: string): Promise<string | undefined>;
  end(id: string): Promise<void>;
}

/** What sessions are made with. */
export interface SessionsDeps {
  readonly redis: Redis;
  /** Epoch ms. */
  readonly now: () => number;
  /** Changes with user name and password: then no older session is found any more. */
  readonly credentials: string;
}

/** Sessions that end after 30 min without use and after 8 h in any case. */
export function createSessions({ redis, now, credentials }: SessionsDeps): Sessions {
  const keyOf = (id: string): string => sessionKey(createHmac("sha256", credentials).update(id).digest("hex"));

  return {
    async begin(user) {
      const id = randomBytes(ID_BYTES).toString("base64url");
      const session = JSON.stringify({ user, endsAt: now() + ABSOLUTE });
      await answered(redis.set(keyOf(id), session, "PX", IDLE));
      return id;
    },
    async find(id) {
      const stored = parse(await answered(redis.get(keyOf(id))));
      if (stored === undefined) return undefined;
      const rest = stored.endsAt - now();
      if (rest <= 0) return undefined;
      await answered(redis.pexpire(keyOf(id), Math.min(IDLE, rest)));
      return stored.user;
    },
    async end(id) {
      await answered(redis.del(keyOf(id)));
    },
  };
}

function parse(stored: string | null): z.output<typeof storedSession> | undefined {
  if (stored === null) return undefined;
  try {
    return storedSession.safeParse(JSON.parse(stored)).data;
  } catch {
    return undefined;
  }
}

async function answered<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch {
    // The error of ioredis carries the command with its arguments.
    throw new UnavailableError("Redis does not answer. Check that it runs and try again.");
  }
}
