import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A line that a program wrote, with the time at which it came here, epoch ms. */
export interface Line {
  readonly at: number;
  readonly text: string;
}

/** How a program ended. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process of the run. It ends with this one: it was started over IPC, or is killed at the exit. */
export interface Program {
  readonly pid: number;
  /** Standard output and standard error. */
  readonly lines: readonly Line[];
  readonly ended: Promise<ProgramEnd>;
  isRunning(): boolean;
  signal(name: NodeJS.Signals): void;
}

/** What is started. */
export interface ProgramOptions {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  readonly onLine?: (line: Line) => void;
}

/** Starts a script of the project with the Node that runs this one. */
export function startProgram({ file, env, onLine }: ProgramOptions): Program {
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const lines: Line[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on("line", (text) => {
      const line = { at: Date.now(), text };
      lines.push(line);
      onLine?.(line);
    });
  }
  child.on("error", () => undefined);
  // A paused process does not see that its parent is gone.
  const endAtExit = (): void => void child.kill("SIGKILL");
  process.once("exit", endAtExit);
  const ended = once(child, "close").then(([code, signal]): ProgramEnd => {
    process.off("exit", endAtExit);
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
  });
  return {
    pid: child.pid ?? 0,
    lines,
    ended,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    signal: (name) => void child.kill(name),
  };
}
