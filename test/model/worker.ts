// A worker of the model: the real engine, planner, reports and repair, put together as the composition root does.
import type { Durations, Log } from "@tokenkeeper/core";
import type { CredentialRef } from "@tokenkeeper/shared/contract";
import type { Credentials } from "../../packages/worker/src/credentials.ts";
import type { Decision } from "../../packages/worker/src/decide/decide.ts";
import type { RefreshReason } from "../../packages/worker/src/decide/state.ts";
import { createReports } from "../../packages/worker/src/intake/reports.ts";
import type { AppMessage } from "../../packages/worker/src/intake/stream.ts";
import { concludeJob, type JobMove } from "../../packages/worker/src/queues/conclude.ts";
import { JOB_ATTEMPTS } from "../../packages/worker/src/queues/enqueue.ts";
import { createPlanner } from "../../packages/worker/src/queues/planner.ts";
import { createAttempt } from "../../packages/worker/src/refresh/attempt.ts";
import { createFallback } from "../../packages/worker/src/refresh/fallback.ts";
import { createFollowUp } from "../../packages/worker/src/refresh/follow-up.ts";
import { createLook } from "../../packages/worker/src/refresh/look.ts";
import { createMemory } from "../../packages/worker/src/refresh/memory.ts";
import { createRefresher } from "../../packages/worker/src/refresh/refresh.ts";
import { createRepair, type Repair } from "../../packages/worker/src/refresh/repair.ts";
import type { CredentialStore } from "../../packages/worker/src/store/credential-store.ts";
import type { WechatHttp } from "../../packages/worker/src/wechat/http.ts";
import type { Send } from "./connection.ts";
import type { Process } from "./process.ts";
import type { ModelQueue } from "./queue.ts";

/** What a worker of the model is made of. */
export interface WorkerDeps {
  readonly process: Process;
  readonly send: Send;
  readonly store: CredentialStore;
  readonly http: WechatHttp;
  readonly queue: ModelQueue;
  readonly credentials: Credentials;
  readonly durations: Durations;
  readonly random: () => number;
  readonly newAttemptId: () => string;
  readonly log: Log;
  /** Appends to the stream of reports. */
  readonly tell: (message: AppMessage) => Promise<void>;
  /** An attempt begins, for this reason; and ends so. */
  readonly onAttempt: (credential: CredentialRef, reason: RefreshReason) => (outcome: string) => void;
  readonly fallback: boolean;
  readonly repairs: boolean;
}

/** A running worker. */
export interface ModelWorker {
  readonly process: Process;
  /** A tick or the sweep reaches it. */
  plan(credentials?: Credentials["all"]): void;
  /** An entry of the stream reaches it. @returns once it is handled */
  handle(message: AppMessage): Promise<unknown>;
  look(): Promise<Decision[]>;
}

const REPAIR_AT = [1, 5, 15, 60] as const;

export function startWorker(deps: WorkerDeps): ModelWorker {
  const { process, store, http, queue, credentials, durations, random, log } = deps;
  const { clock } = process;
  const memory = createMemory();
  const repair = repairAtItsTimes(createRepair({ store, clock, durations, log }), deps);
  const attempt = createAttempt({ ...deps, clock, memory, repair });
  const refresher = createRefresher({
    store,
    look: createLook({ ...deps, clock, memory }),
    durations,
    log,
    async runAttempt(input) {
      const ended = deps.onAttempt(input.credential.ref, input.reason);
      const outcome = await attempt(input);
      ended(outcome === "changed" ? "changed" : outcome.type);
      return outcome;
    },
  });
  const enqueue = queue.enqueueFor(process, deps.send);
  const planner = createPlanner({ refresher, enqueue, clock, durations });
  const followUp = createFollowUp({
    credentials,
    mirror: async () => {},
    trigger: (credential, reason) => enqueue.immediate(credential, reason),
    report: ({ ref }, fp) => deps.tell({ ...ref, fp }),
  });
  const handle = createReports({
    credentials,
    store,
    http,
    trigger: (credential, reason) => enqueue.immediate(credential, reason),
    passOn: async () => {},
    passReport: async () => "inconclusive",
    noteReporter: async () => {},
    clock,
    durations,
    log,
  });

  queue.join({
    process,
    send: deps.send,
    async run(job, credential): Promise<JobMove> {
      const { outcome, byHand } = await refresher.refresh(credential, { reason: job.reason, jobId: job.id });
      await followUp(credential, outcome).catch(() => {});
      const lastAttempt = job.made + 1 >= JOB_ATTEMPTS;
      const move = concludeJob(outcome, { scope: credential.recipe.scope, byHand, keep: byHand, lastAttempt });
      if (move.type === "fail") await store.addFailedJob(credential.ref, job.id);
      return move;
    },
  });

  function every(ms: number, act: () => Promise<unknown>): void {
    process.after(
      ms,
      () =>
        void act()
          .catch(() => {})
          .finally(() => every(ms, act)),
    );
  }

  if (deps.fallback) {
    const record = (): Promise<void> => Promise.resolve();
    const look = createFallback({
      refresher,
      followUp,
      record,
      credentials,
      clock,
      durations,
      stopping: new AbortController().signal,
    });
    process.after(random() * durations.sweep, () => every(durations.sweep, look));
  }
  const plan = (some: Credentials["all"] = credentials.all): void => void planner.plan(some).catch(() => {});
  plan();
  return { process, plan, handle, look: () => refresher.look(credentials.all) };
}

/** Looks only when there is something to look at: the same times as the worker's timer, without its idle runs. */
function repairAtItsTimes(repair: Repair, { process, durations, random, repairs }: WorkerDeps): Repair {
  function runUntilDone(): void {
    repair.runOnce().catch(() => process.after(durations.repairUnit / 2, runUntilDone));
  }
  function runAtItsTimes(): void {
    const late = random() * (durations.repairUnit / 2);
    for (const unit of REPAIR_AT) process.after(unit * durations.repairUnit + late, runUntilDone);
  }
  return {
    ...repair,
    watch(commit, replaced) {
      if (!repairs) return;
      repair.watch(commit, replaced);
      runAtItsTimes();
    },
    watchUnknown(unknown) {
      if (!repairs) return;
      repair.watchUnknown(unknown);
      runAtItsTimes();
    },
  };
}
