// Ending processes by their id.
import { errorCode } from "./error-code.ts";
import { until } from "./until.ts";

/** Whether a process of this id exists (also one of another user). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

/** Waits at most `timeoutMs` for the end of a process. Returns whether it ended. */
export async function waitForEnd(pid: number, timeoutMs: number): Promise<boolean> {
  const ended = await until(() => (isAlive(pid) ? undefined : true), { timeoutMs, everyMs: 20 });
  return ended ?? false;
}

/** Sends SIGTERM, waits at most `graceMs`, then SIGKILL, and returns when the process is gone. */
export async function endProcess(pid: number, graceMs: number): Promise<void> {
  signal(pid, "SIGTERM");
  if (await waitForEnd(pid, graceMs)) return;
  signal(pid, "SIGKILL");
  await waitForEnd(pid, 5_000);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errorCode(error) !== "ESRCH") throw error;
  }
}
