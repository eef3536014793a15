import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { anyFreePort } from "@tokenkeeper/launcher";
import { startChild } from "./child.ts";

const MAIN = join(import.meta.dirname, "../../packages/dashboard/src/main.ts");
const PASSWORD = "only-for-this-bench";
const READY_MS = 30_000;
/** Linux counts the time of a processor in these, ms. */
const TICK_MS = 10;

/** A dashboard as in production, in a process of its own. */
export interface DashboardProcess extends AsyncDisposable {
  readonly url: string;
  /** `Cookie` header of somebody who is signed in. */
  readonly cookie: string;
  /** Time of a processor that it has taken so far, ms. */
  cpuMs(): Promise<number>;
}

/** Starts one and signs in. */
export async function startDashboardProcess(redisUrl: string): Promise<DashboardProcess> {
  const port = String(await anyFreePort());
  const url = `http://127.0.0.1:${port}`;
  const env = { REDIS_URL: redisUrl, DASHBOARD_PORT: port, DASHBOARD_PASSWORD: PASSWORD, LOG_LEVEL: "silent" };
  const child = startChild<never>({ file: MAIN, env });
  const deadline = performance.now() + READY_MS;
  while (
    !(await fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (performance.now() > deadline) throw new Error(`the dashboard was not ready within ${READY_MS} ms`);
    await sleep(50);
  }
  const answer = await fetch(`${url}/login`, {
    method: "POST",
    body: new URLSearchParams({ username: "admin", password: PASSWORD }),
    headers: { "Sec-Fetch-Site": "same-origin" },
    redirect: "manual",
  });
  return {
    url,
    cookie: answer.headers.get("set-cookie")?.split(";")[0] ?? "",
    async cpuMs() {
      const stat = await readFile(`/proc/${child.pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
