// Runs `pnpm start`'s program as a process of its own, on ports and in a state folder of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { anyFreePort, isAlive } from "@tokenkeeper/launcher";
import { eventually } from "./eventually.ts";

const ROOT = join(import.meta.dirname, "../..");
const READY = "Ctrl-C ends everything";
const READY_MS = 40_000;

/** What a finished program left. */
export interface Finished {
  readonly code: number | null;
  readonly output: string;
}

/** One running start. */
export interface RunningProgram {
  readonly pid: number;
  /** All that it and its children printed so far. */
  output(): string;
  /** Resolves when its last line of welcome is printed. */
  ready(): Promise<void>;
  /** Signals it and its process group, as a terminal does. */
  signalGroup(signal: NodeJS.Signals): void;
  ended(): Promise<Finished>;
}

/** A state folder with ports: what belongs to several starts after one another. */
export interface StartHome extends AsyncDisposable {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly urls: { readonly dashboard: string; readonly worker: string; readonly simulator: string };
  /** Starts the launcher, or another program of the project with the same environment. */
  run(env?: NodeJS.ProcessEnv): RunningProgram;
  runScript(script: string, env?: NodeJS.ProcessEnv, args?: readonly string[]): RunningProgram;
  runShell(command: string): RunningProgram;
  /** Ids of the processes that a live start records, its Redis included. */
  processes(): Promise<readonly number[]>;
}

export async function createStartHome(): Promise<StartHome> {
  const folder = await mkdtemp(join(tmpdir(), "tokenkeeper-start-"));
  const [dashboard, worker, simulator] = [await anyFreePort(), await anyFreePort(), await anyFreePort()];
  const env: NodeJS.ProcessEnv = {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    TOKENKEEPER_HOME: folder,
    TOKENKEEPER_REDIS_SERVER: inject("redisServer"),
    DASHBOARD_PORT: String(dashboard),
    WORKER_HEALTH_PORT: String(worker),
    SIMULATOR_PORT: String(simulator),
  };
  const started: RunningProgram[] = [];
  const launch = (file: string, args: readonly string[], programEnv: NodeJS.ProcessEnv): RunningProgram => {
    const program = runProgram(file, args, programEnv);
    started.push(program);
    return program;
  };
  const runScript: StartHome["runScript"] = (script, extra = {}, args = []) =>
    launch(process.execPath, [join(ROOT, script), ...args], { ...env, ...extra });

  return {
    folder,
    env,
    urls: {
      dashboard: `http://127.0.0.1:${dashboard}`,
      worker: `http://127.0.0.1:${worker}`,
      simulator: `http://127.0.0.1:${simulator}`,
    },
    run: (extra) => runScript("packages/launcher/src/main.ts", extra),
    runScript,
    runShell: (command) => launch("/bin/sh", ["-c", command], env),
    processes: () => recordedProcesses(folder),
    async [Symbol.asyncDispose]() {
      const left = await recordedProcesses(folder).catch(() => []);
      for (const program of started) program.signalGroup("SIGKILL");
      for (const pid of left) if (isAlive(pid)) process.kill(pid, "SIGKILL");
      await eventually(() => requireGone(left), { what: "every process of the start to be gone" });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function requireGone(pids: readonly number[]): void {
  const left = pids.filter(isAlive);
  if (left.length > 0) throw new Error(`processes ${left.join(", ")} still run`);
}

function runProgram(file: string, args: readonly string[], env: NodeJS.ProcessEnv): RunningProgram {
  const child = spawn(file, args, { cwd: ROOT, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${file} could not be started`);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const exit = once(child, "exit");
  return {
    pid,
    output: () => output,
    async ready() {
      const decided = (): boolean => {
        if (output.includes(READY)) return true;
        if (child.exitCode !== null) return false;
        throw new Error(`it printed so far: ${output}`);
      };
      const ready = await eventually(decided, { timeoutMs: READY_MS, what: "the start to be ready" });
      if (!ready) throw new Error(`the start ended with ${child.exitCode}: ${output}`);
    },
    signalGroup(signal) {
      try {
        process.kill(-pid, signal);
      } catch {
        // The group is gone, which is what a signal is for.
      }
    },
    async ended() {
      const [code] = (await exit) as [number | null];
      return { code, output };
    },
  };
}

async function recordedProcesses(folder: string): Promise<readonly number[]> {
  const { pid, children } = JSON.parse(await readFile(join(folder, "start.json"), "utf8")) as {
    pid: number;
    children: { pid: number }[];
  };
  return [pid, ...children.map((child) => child.pid), ...(await redisProcess(folder))];
}

/** Process id of the private Redis, if there is one, as it stands in its own log. */
async function redisProcess(folder: string): Promise<readonly number[]> {
  const log = await readFile(join(folder, "redis", "redis.log"), "utf8").catch(() => "");
  return [...log.matchAll(/, pid=(\d+), just started/g)].map((match) => Number(match[1])).slice(-1);
}
