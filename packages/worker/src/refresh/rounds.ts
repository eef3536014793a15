import type { Clock } from "@tokenkeeper/shared/contract";
import type { Credential } from "../credentials.ts";

/**
 * Whom the next round of looking takes. Everybody while they are few; of a large fleet those whose time has come as far as this
 * worker knows, and everybody once in a while: what was lost or changed elsewhere shows only then.
 */
export interface Rounds {
  /** Those whose look was put off longest come first. */
  next(all: readonly Credential[]): readonly Credential[];
  /** A credential was looked at. @param nextAt when it wants the next look, epoch ms; `undefined`: not by itself */
  looked(credential: Credential, nextAt: number | undefined): void;
}

/** What rounds are made of. */
export interface RoundsDeps {
  readonly clock: Clock;
  /** How often there is a round, ms; less often here when several workers take turns. */
  readonly everyMs: number;
  /** How many one round takes. */
  readonly most?: number;
}

const MOST = 2_000;

export function createRounds({ clock, everyMs, most = MOST }: RoundsDeps): Rounds {
  let wanted = new Map<string, number>();
  let [lastAt, gapMs, withinMs] = [clock.monotonic(), everyMs, 0];
  const wantedAt = ({ id }: Credential): number => wanted.get(id) ?? 0;

  return {
    next(all) {
      if (all.length <= most) return all;
      gapMs = (gapMs + Math.max(everyMs, clock.monotonic() - lastAt)) / 2;
      lastAt = clock.monotonic();
      // Half of what the rounds can take is left for those whose time comes.
      withinMs = (2 * gapMs * all.length) / most;
      wanted = new Map(all.flatMap(({ id }) => (wanted.has(id) ? [[id, wanted.get(id) ?? 0]] : [])));
      const now = clock.now();
      const due = all.filter((credential) => wantedAt(credential) <= now);
      return due.length <= most ? due : due.toSorted((a, b) => wantedAt(a) - wantedAt(b)).slice(0, most);
    },
    looked(credential, nextAt = Number.POSITIVE_INFINITY) {
      wanted.set(credential.id, Math.min(nextAt, clock.now() + withinMs));
    },
  };
}
