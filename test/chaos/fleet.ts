import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { anyFreePort } from "@tokenkeeper/launcher";
import { eventually } from "../support/eventually.ts";
import { createFaultProxy, type FaultProxy } from "./fault-proxy.ts";
import { configText, SCALE, type ChaosAccount } from "./population.ts";
import { startProgram, type Line, type Program } from "./program.ts";
import type { Random } from "./random.ts";

/** One of the workers: a process that is started again whenever it ends, and its own line to WeChat. */
export interface Slot {
  readonly name: string;
  /** Between this worker and WeChat. */
  readonly edge: FaultProxy;
  /** What the worker's wall clock is ahead, s. */
  readonly skewSeconds: number;
  /** Every process that ran here, the present one last. */
  readonly programs: readonly Program[];
  readonly current: Program;
  isStarted(): boolean;
  /** Sends a signal that ends the process, and returns when it has ended. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** Resolves when the worker has started again. */
  started(): Promise<void>;
}

/** The workers of the run. */
export interface Fleet extends AsyncDisposable {
  readonly slots: readonly Slot[];
  /** Processes that ended by themselves after they had started. */
  readonly unexpectedEnds: readonly string[];
  /** When a worker was killed with SIGKILL, epoch ms. */
  readonly kills: readonly number[];
  /** Writes the configuration file with other accounts; the workers see it when they look. */
  configure(change: (accounts: readonly ChaosAccount[]) => readonly ChaosAccount[]): Promise<void>;
  /** Writes a configuration file that nobody can read; `configure` mends it. */
  breakConfig(): Promise<void>;
}

/** What a fleet is made of. */
export interface FleetOptions {
  readonly accounts: readonly ChaosAccount[];
  readonly folder: string;
  /** Of the proxy, not of the server. */
  readonly redisUrl: string;
  readonly wechatPort: number;
  /** One for each worker; 0 leaves the clock alone. */
  readonly skews: readonly number[];
  /** Path of libfaketime; without it all clocks are right. */
  readonly faketime: string | undefined;
  readonly random: Random;
}

const MAIN = join(import.meta.dirname, "../../packages/worker/src/main.ts");
const RESPAWN_MS = 1_000;
/** Starts the workers and waits until all have started. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const configFile = join(options.folder, "tokenkeeper.yaml");
  let configured = options.accounts;
  const write = (text: string): Promise<void> => writeFile(configFile, text, { mode: 0o600 });
  const configure: Fleet["configure"] = (change) => {
    configured = change(configured);
    return write(configText(configured));
  };
  await configure((accounts) => accounts);
  const library = options.faketime;
  const unexpectedEnds: string[] = [];
  const kills: number[] = [];
  const stopping = new AbortController();

  async function createSlot(skewSeconds: number, index: number): Promise<Slot> {
    const name = `worker ${index}`;
    const edge = await createFaultProxy({ targetPort: options.wechatPort, random: options.random.fork() });
    const skew = { LD_PRELOAD: library ?? "", FAKETIME: `${skewSeconds < 0 ? "" : "+"}${skewSeconds}s` };
    const env = {
      REDIS_URL: options.redisUrl,
      WECHAT_API_BASE_URL: `http://127.0.0.1:${edge.port}`,
      WORKER_HEALTH_PORT: String(await anyFreePort()),
      TOKENKEEPER_CONFIG: configFile,
      TOKENKEEPER_TIME_SCALE: String(SCALE),
      ...(skewSeconds !== 0 && { ...skew, DONT_FAKE_MONOTONIC: "1" }),
    };
    const programs: Program[] = [];
    let hasStarted = false;
    let expected = false;

    function start(): Program {
      hasStarted = false;
      expected = false;
      const onLine = ({ text }: Line): void => {
        if (text.includes('"msg":"worker.started"')) hasStarted = true;
      };
      const program = startProgram({ file: MAIN, env, onLine });
      programs.push(program);
      void startAgainAfter(program);
      return program;
    }

    async function startAgainAfter(program: Program): Promise<void> {
      const { code, signal } = await program.ended;
      // A start that meets a Redis that is away may be refused; whoever runs workers starts them again.
      if (hasStarted && !expected && !stopping.signal.aborted) unexpectedEnds.push(`${name}: ${code ?? signal}`);
      hasStarted = false;
      await sleep(RESPAWN_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (!stopping.signal.aborted) start();
    }
    start();

    const current = (): Program => {
      const program = programs.at(-1);
      if (!program) throw new Error("a slot has always a program");
      return program;
    };
    return {
      name,
      edge,
      skewSeconds,
      programs,
      get current() {
        return current();
      },
      isStarted: () => hasStarted,
      async end(signal) {
        const program = current();
        expected = true;
        if (signal === "SIGKILL") kills.push(Date.now());
        program.signal(signal);
        await program.ended;
      },
      async started() {
        const requireStarted = (): void => {
          if (!hasStarted) throw new Error(current().lines.at(-1)?.text ?? "it has printed nothing");
        };
        await eventually(requireStarted, { what: `${name} to start`, timeoutMs: 30_000 });
      },
    };
  }

  const slots = await Promise.all(options.skews.map((skew, index) => createSlot(library ? skew : 0, index)));
  await Promise.all(slots.map((slot) => slot.started()));
  return {
    slots,
    unexpectedEnds,
    kills,
    configure,
    breakConfig: () => write("accounts: ["),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await Promise.all(slots.map((slot) => slot.end("SIGTERM")));
      await Promise.all(slots.map(({ edge }) => edge[Symbol.asyncDispose]()));
    },
  };
}
