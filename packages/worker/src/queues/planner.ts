import type { Durations } from "@tokenkeeper/core";
import type { Clock } from "@tokenkeeper/shared/contract";
import type { Credential } from "../credentials.ts";
import { nextLookAt, type Decision } from "../decide/decide.ts";
import type { Refresher } from "../refresh/refresh.ts";
import { createRounds } from "../refresh/rounds.ts";
import type { Enqueue } from "./enqueue.ts";

/** Keeps the plan: one delayed job for each credential, whatever jobs there were before. */
export interface Planner {
  /** @returns what was decided, when the credential is looked at next, and by which job. */
  plan(credentials: readonly Credential[]): Promise<PlannedResult[]>;
  /** The same for those whom the next round takes. */
  sweep(all: readonly Credential[]): Promise<PlannedResult[]>;
}

/** What the tick's job shows on the board. */
export interface PlannedResult {
  readonly decision: Decision["type"];
  readonly why?: string;
  /** ISO time; absent when only a person or the configuration can go on. */
  readonly nextRefreshAt?: string;
  readonly refreshJobId?: string;
}

/** What the planner works with. */
export interface PlannerDeps {
  readonly refresher: Refresher;
  readonly enqueue: Enqueue;
  readonly clock: Clock;
  readonly durations: Durations;
}

const CHUNK = 500;

/** Truth is what is due by the control state, not which jobs exist. */
export function createPlanner({ refresher, enqueue, clock, durations }: PlannerDeps): Planner {
  const rounds = createRounds({ clock, everyMs: durations.sweep });

  async function planChunk(credentials: readonly Credential[]): Promise<PlannedResult[]> {
    const decisions = await refresher.look(credentials);
    const now = clock.now();
    const looks = credentials.flatMap((credential, index) => {
      const at = nextLookAt(decisions[index], now);
      rounds.looked(credential, at);
      return at === undefined ? [] : [{ credential, at, delayMs: at - now, index }];
    });
    const ids = await enqueue.planned(looks);
    const byIndex = new Map(looks.map(({ index, at }, position) => [index, { at, id: ids[position] }]));
    return decisions.map((decision, index) => {
      const look = byIndex.get(index);
      return {
        decision: decision.type,
        ...(decision.type === "blocked" && { why: decision.why }),
        ...(look && { nextRefreshAt: new Date(look.at).toISOString() }),
        ...(look?.id !== undefined && { refreshJobId: look.id }),
      };
    });
  }

  async function plan(credentials: readonly Credential[]): Promise<PlannedResult[]> {
    const results: PlannedResult[] = [];
    for (let start = 0; start < credentials.length; start += CHUNK) {
      results.push(...(await planChunk(credentials.slice(start, start + CHUNK))));
    }
    return results;
  }

  return { plan, sweep: (all) => plan(rounds.next(all)) };
}
