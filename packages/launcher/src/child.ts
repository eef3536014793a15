// One process of a start: run, started again when it dies, ended with the start.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT } from "@tokenkeeper/core";
import { endProcess } from "./process-end.ts";
import type { ProcessPlan } from "./process-plan.ts";
import { StartError } from "./start-error.ts";
import { until } from "./until.ts";

const READY_MS = 60_000;
const STOP_GRACE_MS = 12_000;
const FIRST_RESTART_MS = 500;
const SLOWEST_RESTART_MS = 30_000;
const FINAL_CODES: readonly number[] = [EXIT.configuration, EXIT.unavailable];

export interface ChildDeps {
  readonly say: (text: string) => void;
  /** Told whenever another process runs for this child. */
  readonly onSpawn: () => Promise<void>;
}

export interface Child {
  /** Starts the process, and again whenever it ends unexpectedly. */
  start(): void;
  /** Process id, or `undefined` while none runs. */
  pid(): number | undefined;
  /** Resolves when it answers on its ready URL. Rejects with StartError after 60 s. */
  ready(): Promise<void>;
  /** Rejects with StartError when it ends with a code that a restart cannot cure (78, 69). Never resolves. */
  readonly fatal: Promise<never>;
  /** SIGTERM, after 12 s SIGKILL; resolves when it is gone. */
  stop(): Promise<void>;
}

/** Describes the process; it gets an IPC channel, so that it can notice our end. */
export function createChild(plan: ProcessPlan, { say, onSpawn }: ChildDeps): Child {
  const stopping = new AbortController();
  let current: ChildProcess | undefined;

  async function keepRunning(): Promise<void> {
    for (let pauseMs = FIRST_RESTART_MS; ; pauseMs = Math.min(pauseMs * 2, SLOWEST_RESTART_MS)) {
      const startedAt = performance.now();
      const end = await runOnce();
      if (stopping.signal.aborted) return;
      if (end.code !== null && FINAL_CODES.includes(end.code)) {
        throw new StartError(`The ${plan.name} ended with exit code ${end.code}; it says why above.`, end.code);
      }
      if (performance.now() - startedAt > SLOWEST_RESTART_MS) pauseMs = FIRST_RESTART_MS;
      say(`The ${plan.name} ended unexpectedly (${describe(end)}). Starting it again in ${pauseMs / 1000} s.\n`);
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
    }
  }

  async function runOnce(): Promise<End> {
    // A session of its own: Ctrl-C reaches us alone, and we end the parts in their order.
    const child = spawn(process.execPath, [plan.script], {
      env: plan.env,
      detached: true,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    current = child;
    const exit = once(child, "exit");
    await onSpawn();
    const [code, signal] = await exit;
    current = undefined;
    return { code, signal };
  }

  const { promise: fatal, reject: endForGood } = Promise.withResolvers<never>();
  // Whoever waits for it hears of it; until then it must not count as unhandled.
  fatal.catch(() => undefined);

  return {
    start: () => void keepRunning().catch(endForGood),
    pid: () => current?.pid,
    async ready() {
      const answered = await until(() => answers(plan.readyUrl), { timeoutMs: READY_MS, everyMs: 50 });
      if (answered !== undefined) return;
      throw new StartError(
        `The ${plan.name} was not ready within ${READY_MS / 1000} s. Its messages above say why.`,
        EXIT.failure,
      );
    },
    fatal,
    async stop() {
      stopping.abort();
      if (current?.pid !== undefined) await endProcess(current.pid, STOP_GRACE_MS);
    },
  };
}

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

function describe({ code, signal }: End): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}

async function answers(url: string): Promise<true | undefined> {
  try {
    const reply = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await reply.body?.cancel();
    return reply.ok ? true : undefined;
  } catch {
    return undefined;
  }
}
