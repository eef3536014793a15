import { createHash } from "node:crypto";
import type { Clock } from "@tokenkeeper/shared/contract";
import type { Given, GivenTokens } from "../store/given-tokens.ts";

/**
 * Who holds which access token. What this worker gave out it knows by itself, so also while Redis is away; what other
 * workers gave out is in Redis.
 */
export function createHolders(shared: GivenTokens, clock: Clock): GivenTokens {
  const own = new Map<string, { readonly given: readonly Given[]; readonly until: number }>();

  function ownOf(token: string): readonly Given[] {
    return own.get(hashOf(token))?.given ?? [];
  }

  return {
    async remember(token, given, lifeMs) {
      const now = clock.monotonic();
      const known = ownOf(token);
      if (known.some(({ key, account }) => key === given.key && account === given.account)) return;
      for (const [hash, { until }] of own) if (until <= now) own.delete(hash);
      own.set(hashOf(token), { given: [...known, given], until: now + lifeMs });
      // Redis away costs no more than this: a client that asks another worker for its ticket asks for its token anew.
      await shared.remember(token, given, lifeMs).catch(() => {});
    },

    async find(token) {
      const known = ownOf(token);
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
