import { createHash } from "node:crypto";
import type { Durations } from "@tokenkeeper/core";
import { SECOND, type Clock } from "@tokenkeeper/shared/contract";
import type { Given, GivenTokens } from "../store/given-tokens.ts";

/** One holder of a token. Monotonic ms. */
interface Holding {
  readonly given: Given;
  /** Redis is not told again before. */
  tellAt: number;
}

/** Redis did not take it: told again at the next token call after this. Not scaled: sockets are not faster. */
const RETRY = SECOND;

/**
 * Who holds which access token. What this worker gave out it knows by itself, so also while Redis is away; what other
 * workers gave out is in Redis. Redis may lose it: who asks for the token again has it written again, once in a while.
 */
export function createHolders(shared: GivenTokens, clock: Clock, durations: Durations): GivenTokens {
  const own = new Map<string, { readonly holdings: Holding[]; readonly until: number }>();

  function holdingsOf(token: string): readonly Holding[] {
    return own.get(hashOf(token))?.holdings ?? [];
  }

  function add(token: string, given: Given, until: number): Holding {
    const now = clock.monotonic();
    for (const [hash, known] of own) if (known.until <= now) own.delete(hash);
    const holding = { given, tellAt: -Infinity };
    own.set(hashOf(token), { holdings: [...holdingsOf(token), holding], until });
    return holding;
  }

  return {
    async remember(token, given, lifeMs) {
      const now = clock.monotonic();
      const known = holdingsOf(token).find(
        (holding) => holding.given.key === given.key && holding.given.account === given.account,
      );
      const holding = known ?? add(token, given, now + lifeMs);
      if (now < holding.tellAt) return;
      // Before Redis has answered: those who ask meanwhile need not tell it too.
      holding.tellAt = now + durations.readerCache;
      // Redis away costs no more than this: a client that asks another worker for its ticket asks for its token anew.
      await shared.remember(token, given, lifeMs).catch(() => {
        holding.tellAt = clock.monotonic() + RETRY;
      });
    },

    async find(token) {
      const known = holdingsOf(token).map(({ given }) => given);
      const others = await shared.find(token).catch((error: unknown) => {
        if (known.length === 0) throw error;
        return [];
      });
      return [...known, ...others];
    },
  };
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
