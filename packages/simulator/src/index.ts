import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createAccounts } from "./accounts.ts";
import { createControl } from "./control.ts";
import type { Control } from "./control.ts";
import { createEventLog } from "./event-log.ts";
import { createApp } from "./http/app.ts";
import { createRobots } from "./robots/robots.ts";
import type { Robots } from "./robots/robots.ts";
import { createSimulation } from "./simulation.ts";
import { createStateFile } from "./state-file.ts";
import type { SavedState } from "./state/saved-state.ts";
import type { AccountInput } from "./state/settings.ts";

export type { Control, StateView, ValueVerdict } from "./control.ts";
export { ControlError } from "./control-error.ts";
export type { LogEvent, LogFilter } from "./event-log.ts";
export type { Fault, FaultInput } from "./faults.ts";
export type { RobotFaultInput, RobotInput, RobotType } from "./robots/robot.ts";
export type { RobotMessage, Robots, RobotView } from "./robots/robots.ts";
export type { AccountInput, AccountPatch } from "./state/settings.ts";
export type { AccountStateView, AccountView } from "./state/view.ts";

export interface SimulatorOptions {
  /** 0 (default) takes a free port. */
  port?: number;
  /** Divides every duration of WeChat's; 1 to 3600. */
  scale?: number;
  /** Where state is kept over restarts; without it, in memory only. */
  stateFile?: string;
  /** Where the event log is appended as NDJSON. */
  logFile?: string;
  /** Created at the start and by a reset; one that the state file knows keeps the settings of the file. */
  accounts?: readonly AccountInput[];
  /** Epoch ms. */
  now?: () => number;
  /** Numbers in [0, 1); values are drawn from it, so it must not repeat itself. */
  random?: () => number;
  /** Told in one sentence of what went wrong with a file or in the control API. */
  warn?: (message: string) => void;
}

export interface Simulator {
  url: string;
  port: number;
  control: Control;
  /** Robots of chat groups, which take messages as the real ones do. */
  robots: Robots;
  /** Ends all connections and waits until state and log are on disk. */
  close(): Promise<void>;
}

/**
 * Starts a WeChat on 127.0.0.1.
 *
 * Throws a ControlError for a bad account, a RangeError for a bad scale, and the listen error (`EADDRINUSE`) for a taken port.
 */
export async function createSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, scale = 1, now = Date.now, random = secureRandom, warn = () => undefined } = options;
  if (!(scale >= 1 && scale <= 3600)) throw new RangeError("scale: expected a number from 1 to 3600");

  const file =
    options.stateFile === undefined ? undefined : createStateFile({ path: options.stateFile, now, current, warn });
  const saved = await file?.load();
  const accounts = createAccounts(saved);
  let nextFaultId = saved?.nextFaultId ?? 1;
  const save = () => file?.save() ?? Promise.resolve();

  const log = createEventLog({ file: options.logFile, warn });
  const simulation = createSimulation({ accounts, faults: saved?.faults ?? [], log, scale, now, random, save });
  const initial = options.accounts ?? [];
  const control = createControl({
    accounts,
    simulation,
    log,
    initial,
    nextFaultId: () => nextFaultId++,
    changed: () => simulation.changed(),
  });
  for (const account of initial) if (accounts.get(account.appId) === undefined) control.putAccount(account);

  const robots = createRobots({ scale, now });
  const closing = new AbortController();
  const server = createServer(createApp({ simulation, control, robots, closing: closing.signal, warn }));
  server.listen(port, "127.0.0.1");
  await once(server, "listening").catch(async (error: unknown) => {
    await log.close();
    throw error;
  });
  const address = server.address() as AddressInfo;

  function current(): SavedState {
    const list = accounts.list();
    return {
      schema: 1,
      nextSerial: accounts.nextSerial(),
      nextFaultId,
      accounts: list,
      faults: [...simulation.faults.list()],
    };
  }

  async function close(): Promise<void> {
    closing.abort();
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
    await save();
    await log.close();
  }

  return { url: `http://127.0.0.1:${address.port}`, port: address.port, control, robots, close };
}

function secureRandom(): number {
  return randomInt(2 ** 32) / 2 ** 32;
}
