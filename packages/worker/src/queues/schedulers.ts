import { SWEEP_SCHEDULER_ID, tickSchedulerId, type Durations } from "@tokenkeeper/core";
import type { Queue } from "bullmq";
import type { Credential, Credentials } from "../credentials.ts";

/** Above this many credentials the sweep alone plans: a page of schedulers that long helps nobody. */
export const MAX_TICKS = 2_000;

/** Arms the job schedulers: one per credential, and the sweep. */
export interface Schedulers {
  /** Safe to call again and again: BullMQ's schedulers are a chain that can break in silence, this mends it. */
  arm(): Promise<void>;
}

/** What arming works with. */
export interface SchedulersDeps {
  /** The queue `schedule`. */
  readonly queue: Queue;
  readonly credentials: Credentials;
  readonly durations: Durations;
  /** Which of the two kinds this worker arms. */
  readonly kinds: { readonly ticks: boolean; readonly sweep: boolean };
}

const SHORT_HISTORY = { removeOnComplete: { count: 1_000 }, removeOnFail: { count: 1_000 } } as const;

/** Each scheduler has a phase of its own, drawn from its name: no herd, and the same after a restart. */
export function createSchedulers({ queue, credentials, durations, kinds }: SchedulersDeps): Schedulers {
  return {
    async arm() {
      const ticks = kinds.ticks && credentials.all.length <= MAX_TICKS ? credentials.all : [];
      if (kinds.sweep) {
        const repeat = { every: durations.sweep, offset: phaseOf(SWEEP_SCHEDULER_ID, durations.sweep) };
        const template = { name: SWEEP_SCHEDULER_ID, data: {}, opts: { attempts: 1, ...SHORT_HISTORY } };
        await queue.upsertJobScheduler(SWEEP_SCHEDULER_ID, repeat, template);
      }
      for (let start = 0; start < ticks.length; start += 200) {
        await Promise.all(ticks.slice(start, start + 200).map((credential) => armTick(credential)));
      }
    },
  };

  async function armTick({ ref, account }: Credential): Promise<void> {
    const id = tickSchedulerId(ref);
    const repeat = { every: durations.tick, offset: phaseOf(id, durations.tick) };
    const opts = { attempts: 1, ...SHORT_HISTORY };
    await queue.upsertJobScheduler(id, repeat, { name: `${account.name} · ${ref.kind}`, data: ref, opts });
  }
}

/** A phase from 1 to `period` - 1 ms: without one BullMQ would run every new scheduler at once. */
function phaseOf(id: string, period: number): number {
  let hash = 2166136261;
  for (const character of id) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16777619);
  return 1 + ((hash >>> 0) % Math.max(1, period - 1));
}
