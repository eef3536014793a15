// Recognises a process beyond its id, which the system gives to others after its end.
import { readFile } from "node:fs/promises";
import { runCommand } from "./command.ts";

export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the system's own notation. */
  readonly startedAt: string;
}

/** Identity of the process that has this id now, or `undefined` when there is none. */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  const startedAt = process.platform === "linux" ? await startTicks(pid) : await startDate(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

/** Whether that very process still runs. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identityOf(identity.pid))?.startedAt === identity.startedAt;
}

// Field 22 of proc_pid_stat(5), counted after the program's name, which may hold spaces and brackets. A zombie is no more.
async function startTicks(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

async function startDate(pid: number): Promise<string | undefined> {
  const { code, output } = await runCommand("/bin/ps", ["-o", "lstart=", "-p", String(pid)], { env: { LC_ALL: "C" } });
  return code === 0 && output.trim() !== "" ? output.trim() : undefined;
}
