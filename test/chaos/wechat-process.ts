import { join } from "node:path";
import type { FaultInput, LogEvent, StateView } from "@tokenkeeper/simulator";
import { eventually } from "../support/eventually.ts";
import { SCALE, type ChaosAccount } from "./population.ts";
import { startProgram } from "./program.ts";

/** The WeChat of the run: the simulator as a process, and its control API. */
export interface WechatProcess extends AsyncDisposable {
  readonly port: number;
  /** Every call so far, oldest first; brought up to date by `poll`. */
  readonly events: readonly LogEvent[];
  /** Takes over what was logged since the last time. @returns only that */
  poll(): Promise<LogEvent[]>;
  state(): Promise<StateView>;
  /** @param appId `*` for all. @returns a function that takes the fault away. */
  addFault(appId: string, fault: FaultInput): Promise<() => Promise<void>>;
  changeSecret(appId: string, secret: string): Promise<void>;
  foreignFetch(appId: string, family: "classic" | "stable"): Promise<void>;
}

const MAIN = join(import.meta.dirname, "../../packages/simulator/src/main.ts");

/** Starts it with these accounts. */
export async function startWechat(accounts: readonly ChaosAccount[]): Promise<WechatProcess> {
  const program = startProgram({ file: MAIN, env: { SIMULATOR_PORT: "0", TOKENKEEPER_TIME_SCALE: String(SCALE) } });
  const port = await eventually(
    () => {
      const first = program.lines[0];
      if (!first) throw new Error("it has printed nothing");
      return (JSON.parse(first.text) as { port: number }).port;
    },
    { what: "the simulator's port" },
  );
  const events: LogEvent[] = [];
  let polling: Promise<LogEvent[]> = Promise.resolve([]);

  async function control<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${port}/__sim${path}`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`the simulator answers ${response.status} to ${method} ${path}`);
    return (await response.json()) as T;
  }

  async function readOn(): Promise<LogEvent[]> {
    const fresh = await control<LogEvent[]>("GET", `/log?after=${events.at(-1)?.seq ?? 0}`);
    events.push(...fresh);
    return fresh;
  }

  for (const { appId, name, secret, type, wechat, always } of accounts) {
    await control("PUT", `/accounts/${appId}`, { name, secret, type, ...wechat });
    if (always) await control("POST", `/accounts/${appId}/faults`, always);
  }

  return {
    port,
    events,
    poll() {
      polling = polling.catch(() => []).then(readOn);
      return polling;
    },
    state: () => control("GET", "/state"),
    async addFault(appId, fault) {
      const { id } = await control<{ id: number }>("POST", `/accounts/${appId}/faults`, fault);
      return async () => {
        // One that was used up is gone already.
        await control("DELETE", `/accounts/${appId}/faults/${id}`).catch(() => undefined);
      };
    },
    async changeSecret(appId, secret) {
      await control("PATCH", `/accounts/${appId}`, { secret });
    },
    async foreignFetch(appId, family) {
      await control("POST", `/accounts/${appId}/foreign-fetch`, { family });
    },
    async [Symbol.asyncDispose]() {
      program.signal("SIGTERM");
      await program.ended;
    },
  };
}
