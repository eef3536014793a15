import { APP_ID_PATTERN } from "./credential.ts";
import type { Clock } from "./time.ts";

/** Finds the account behind an id or a name. */
export interface AccountNames {
  /** The account's id, if Redis need not be asked: an appid is its own, for ever. @param now monotonic ms */
  remembered(idOrName: string, now: number): string | undefined;
  /** The account's id, or `undefined` when no worker knows it. Rejects when Redis does not answer and it is not remembered. */
  find(idOrName: string): Promise<string | undefined>;
}

/** What finding needs. Durations in ms. */
export interface AccountNamesDeps {
  readonly find: (idOrName: string) => Promise<string | undefined>;
  readonly clock: Clock;
  /** How long an answer is believed: a name may move to another account. */
  readonly trustMs: number;
  /** How long after a failure, or after it knew nothing of a name that was known, Redis is not asked again. */
  readonly retryMs: number;
}

/**
 * Remembers what was found, and asks once for however many calls want to know the same. A name that vanished keeps its
 * account, as a record that vanished keeps its value in memory: a Redis that was emptied knows no name until a worker
 * has told it again.
 */
export function createAccountNames({ find, clock, trustMs, retryMs }: AccountNamesDeps): AccountNames {
  const known = new Map<string, { readonly id: string; readonly trustedUntil: number }>();

  function recall(idOrName: string): string | undefined {
    const entry = known.get(idOrName);
    if (entry) known.set(idOrName, { ...entry, trustedUntil: clock.monotonic() + retryMs });
    return entry?.id;
  }

  const inFlight = new Map<string, Promise<string | undefined>>();

  async function ask(idOrName: string): Promise<string | undefined> {
    try {
      const id = await find(idOrName);
      if (id === undefined) return recall(idOrName);
      known.set(idOrName, { id, trustedUntil: clock.monotonic() + trustMs });
      return id;
    } catch (error) {
      const recalled = recall(idOrName);
      if (recalled === undefined) throw error;
      return recalled;
    }
  }

  function remembered(idOrName: string, now: number): string | undefined {
    const entry = known.get(idOrName);
    if (entry) return now < entry.trustedUntil ? entry.id : undefined;
    if (!APP_ID_PATTERN.test(idOrName)) return undefined;
    known.set(idOrName, { id: idOrName, trustedUntil: Number.POSITIVE_INFINITY });
    return idOrName;
  }

  return {
    remembered,

    async find(idOrName) {
      const id = remembered(idOrName, clock.monotonic());
      if (id !== undefined) return id;
      const asking = inFlight.get(idOrName) ?? ask(idOrName).finally(() => inFlight.delete(idOrName));
      inFlight.set(idOrName, asking);
      return asking;
    },
  };
}
