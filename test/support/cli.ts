// Runs the command line: as a process of its own, or in this one where only its answer matters.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { run } from "@tokenkeeper/cli";

const MAIN = join(import.meta.dirname, "../../packages/cli/src/main.ts");

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env: Readonly<Record<string, string>>;
  /** What is piped in. @default nothing */
  readonly input?: string;
  /** @default a folder in which and above which nothing of ours is */
  readonly cwd?: string;
}

export interface InProcessOptions extends CliOptions {
  /** This machine's clock, epoch ms. */
  readonly now?: () => number;
}

/** The command as a process that is running. */
export interface CliProcess {
  readonly stdout: () => string;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<Ended>;
}

export function startCli(args: readonly string[], { env, input = "", cwd = tmpdir() }: CliOptions): CliProcess {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env["PATH"], ...env }, cwd });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on("error", () => undefined).end(input);
  return {
    stdout: () => stdout,
    signal: (signal) => void child.kill(signal),
    ended: once(child, "close").then(() => ({ code: child.exitCode, stdout, stderr })),
  };
}

export function cliProcess(args: readonly string[], options: CliOptions): Promise<Ended> {
  return startCli(args, options).ended;
}

/** The same without a process. */
export async function cli(args: readonly string[], options: InProcessOptions): Promise<Ended> {
  const { env, input = "", cwd = tmpdir(), now = () => Date.now() } = options;
  const read = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof read): PassThrough => {
    const passed = new PassThrough();
    passed.on("data", (chunk: Buffer) => (read[name] += chunk.toString()));
    return passed;
  };
  const [stdout, stderr] = [stream("stdout"), stream("stderr")];
  const stdin = Object.assign(Readable.from([input]), { isTTY: false });
  const signals = { on: () => undefined };
  const code = await run(args, { stdin, stdout, stderr, env, cwd, now, signals, user: "tester", host: "here" });
  await Promise.all([stdout, stderr].map((each) => once(each.end(), "end")));
  return { code, ...read };
}
