// Notices that whoever started us is gone.
import { readFileSync } from "node:fs";
import { setInterval } from "node:timers/promises";

const CHECK_MS = 500;
const RUNNER = /(?:^|\/)(?:npm|npx|pnpm|pnpx|yarn|corepack)(?:-cli)?(?:\.[cm]?js)?$/;
const SHELL = /(?:^|\/)(?:sh|bash|dash|zsh)$/;

/** What the system says of a process. */
export interface ProcessFacts {
  readonly parent: number;
  readonly args: readonly string[];
}

/** Looks up a process; `undefined` when there is none or the system does not tell. */
export type Lookup = (pid: number) => ProcessFacts | undefined;

/**
 * The processes whose end means the end of `pid`: its parent and, above it, the package runners (`npx`, `pnpm`, …)
 * with the shells between them: of those, only the nearest is the parent, but a person sees them as one command.
 */
export function parentsOf(pid: number, lookup: Lookup): readonly number[] {
  const chain: number[] = [];
  let known = 1;
  for (let at = lookup(pid)?.parent; at !== undefined && at > 1; at = lookup(at)?.parent) {
    chain.push(at);
    const args = lookup(at)?.args ?? [];
    if (isRunner(args)) known = chain.length;
    else if (chain.length > 1 && !SHELL.test(args[0] ?? "")) break;
  }
  return chain.slice(0, known);
}

/** Resolves once this process, or one of its parents (see `parentsOf`), has lost its parent. */
export async function untilParentIsGone(): Promise<void> {
  const first = process.ppid;
  const parents = parentsOf(process.pid, lookupProcess);
  const links = [process.pid, ...parents].slice(0, -1).map((pid, at) => [pid, parents[at]] as const);
  for await (const _ of setInterval(CHECK_MS, undefined, { ref: false })) {
    if (process.ppid !== first) return;
    if (links.some(([pid, parent]) => lookupProcess(pid)?.parent !== parent)) return;
  }
}

// npm and pnpm rewrite their command line to one title, hence the split at spaces.
function isRunner(args: readonly string[]): boolean {
  const [program = "", script = ""] = args.flatMap((arg) => arg.split(" "));
  return RUNNER.test(program) || (/(?:^|\/)node$/.test(program) && RUNNER.test(script));
}

/** By proc(5); on systems without it nothing is known, and only `process.ppid` is watched. */
function lookupProcess(pid: number): ProcessFacts | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return { parent, args: args.filter((arg) => arg !== "") };
  } catch {
    return undefined;
  }
}
