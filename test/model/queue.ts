// The queue `refresh` as BullMQ keeps it: jobs by deduplication id, one run at a time unless its worker is lost.
import { immediateDeduplicationId, planDeduplicationId, type Durations, type TriggerReason } from "@tokenkeeper/core";
import { credentialId } from "@tokenkeeper/shared/contract";
import type { Credential, Credentials } from "../../packages/worker/src/credentials.ts";
import type { JobMove } from "../../packages/worker/src/queues/conclude.ts";
import type { Enqueue } from "../../packages/worker/src/queues/enqueue.ts";
import type { Process } from "./process.ts";
import type { Send } from "./connection.ts";
import type { Server } from "./server.ts";
import type { Timeline } from "./timeline.ts";

/** A job as Redis holds it. */
export interface Job {
  readonly id: string;
  readonly key: string;
  readonly credentialId: string;
  readonly reason: TriggerReason;
  readonly at: number;
  readonly made: number;
  /** The run that has it. */
  readonly run?: number;
  /** A trigger came while it ran. */
  readonly again?: TriggerReason;
}

/** Somebody who runs jobs. */
export interface JobRunner {
  readonly process: Process;
  readonly send: Send;
  run(job: Job, credential: Credential): Promise<JobMove>;
}

/** The queue and its runners. */
export interface ModelQueue {
  /** The side of a process that adds jobs. */
  enqueueFor(process: Process, send: Send): Enqueue;
  join(runner: JobRunner): void;
  /** After data was lost: jobs that are back are looked at again. */
  wake(): void;
}

const KEY = "queue";
const PROMOTING: readonly TriggerReason[] = ["operator", "reported", "parent", "leader"];

export function createModelQueue(deps: {
  timeline: Timeline;
  server: Server;
  credentials: Credentials;
  durations: Durations;
  random: () => number;
}): ModelQueue {
  const { timeline, server, credentials, durations, random } = deps;
  const { keys } = server;
  const runners: JobRunner[] = [];
  let ids = 0;
  let runs = 0;

  const find = (key: string): Job | undefined => {
    const text = keys.get(KEY, key);
    return text === undefined ? undefined : (JSON.parse(text) as Job);
  };

  function put(job: Job): void {
    keys.set(KEY, { [job.key]: JSON.stringify(job) });
    if (job.run === undefined) timeline.at(job.at, () => start(job.key));
  }

  function start(key: string): void {
    const job = find(key);
    if (!job || job.run !== undefined || job.at > timeline.now()) return;
    const free = runners.filter(({ process }) => process.isAlive() && !process.isPaused());
    const runner = free[Math.floor(random() * free.length)];
    const credential = credentials.all.find(({ id }) => id === job.credentialId);
    if (!runner || server.condition() !== "up") {
      timeline.after(500 + random() * 500, () => start(key));
      return;
    }
    if (!credential) return;
    const run = (runs += 1);
    put({ ...job, run });
    const lost = { run, runner, abandoned: false };
    watch(key, lost);
    const finish = (move: JobMove): Promise<void> => runner.send({ writes: true, run: () => carryOut(key, run, move) });
    runner
      .run(job, credential)
      // An error that is no move: BullMQ takes it for a failed attempt and comes back later.
      .catch(later)
      .then(finish)
      // A job whose end Redis did not take stays active with nobody at it.
      .catch(() => (lost.abandoned = true));
  }

  const later = (): JobMove => ({ type: "retry", at: timeline.now() + durations.sweep, message: "" });

  /** A run whose worker gives no sign of life loses its job; another one gets it within 20 s. */
  function watch(key: string, lost: { run: number; runner: JobRunner; abandoned: boolean }): void {
    timeline.after(durations.stalledCheck, () => {
      if (find(key)?.run !== lost.run) return;
      const { process } = lost.runner;
      const since =
        process.isAlive() && !lost.abandoned ? process.pausedSince() : timeline.now() - durations.stalledCheck;
      if (since === undefined || timeline.now() - since < durations.stalledCheck) return watch(key, lost);
      timeline.after(durations.stalledCheck * (0.5 + random() * 2), () => {
        const job = find(key);
        if (job?.run === lost.run) put(withoutRun({ ...job, at: timeline.now() }));
      });
    });
  }

  function carryOut(key: string, run: number, move: JobMove): void {
    const job = find(key);
    // The lock was lost: another run has the job by now.
    if (job?.run !== run) return;
    if (move.type === "delay") {
      const until = move.soon ? Math.min(move.until, timeline.now() + durations.lease / 3) : move.until;
      return put(withoutRun({ ...job, at: until }));
    }
    if (move.type === "retry") return put(withoutRun({ ...job, at: move.at, made: job.made + 1 }));
    keys.remove(KEY, [key]);
    if (job.again) add({ key, credentialId: job.credentialId, reason: job.again, at: timeline.now() });
  }

  function add(job: Omit<Job, "id" | "made">): string {
    const id = String((ids += 1));
    put({ ...job, id, made: 0 });
    return id;
  }

  function trigger({ ref }: Pick<Credential, "ref">, reason: TriggerReason): void {
    const key = immediateDeduplicationId(ref);
    const known = find(key);
    if (!known) add({ key, credentialId: credentialId(ref), reason, at: timeline.now() });
    else if (known.run !== undefined) put({ ...known, again: reason });
    else if (PROMOTING.includes(reason)) put({ ...known, reason, at: timeline.now() });
  }

  /** A delayed job's instant comes from the clock of who adds it, and is read on the clock of who takes it. */
  function plan({ ref, id }: Credential, delayMs: number, adder: Process): string {
    const key = planDeduplicationId(ref);
    const known = find(key);
    const taker = runners.findLast(({ process }) => process.isAlive())?.process ?? adder;
    const apart = adder.clock.now() - taker.clock.now();
    const at = timeline.now() + Math.max(0, delayMs <= 0 ? 0 : delayMs + apart);
    if (!known) return add({ key, credentialId: id, reason: "plan", at });
    if (known.run === undefined && known.at !== at) put({ ...known, at });
    return known.id;
  }

  return {
    enqueueFor: (process, send) => ({
      immediate: (credential, reason) => send({ writes: true, run: () => trigger(credential, reason) }),
      planned: (looks) =>
        send({ writes: true, run: () => looks.map(({ credential, delayMs }) => plan(credential, delayMs, process)) }),
      record: async () => {},
    }),
    join: (runner) => void runners.push(runner),
    wake() {
      for (const key of Object.keys(keys.all(KEY))) {
        const job = find(key);
        // The run that had it does not know it any more.
        if (job) put(withoutRun({ ...job, at: job.run === undefined ? job.at : timeline.now() + durations.jobLock }));
      }
    },
  };
}

function withoutRun({ run: _run, ...job }: Job): Job {
  return job;
}
