import type { Accounts } from "./accounts.ts";
import type { EventLog, LogEvent } from "./event-log.ts";
import { takeFault } from "./faults.ts";
import type { Fault, FaultKind } from "./faults.ts";
import { refuse } from "./rules/errcode.ts";
import { callOf, readParams } from "./rules/endpoint.ts";
import type { Call, Endpoint, WireRequest } from "./rules/endpoint.ts";
import type { Context, Params, Ruling } from "./rules/ruling.ts";
import { serialOf } from "./rules/value.ts";
import type { Account } from "./state/account.ts";

/** One call on its way through the simulator. */
export interface Visit {
  endpoint: Endpoint;
  call: Call;
  /** The parameters, or WeChat's errcode for a request that it cannot read. */
  params: Params | number;
  appId: string | null;
  arrivedAt: number;
  fault?: FaultKind;
}

export interface Simulation {
  context(): Context;
  /** Reads a request, finds its account and takes the fault that hits it. */
  enter(endpoint: Endpoint, request: WireRequest): Visit;
  /** Executes a call by WeChat's rules, logs it, and returns the answer as JSON; with an errcode, refuses it so instead. */
  execute(
    visit: Visit,
    options: { inFlight: number; errcode?: { errcode: number; errmsg?: string | undefined } },
  ): string;
  /** Logs a call that WeChat never executes. */
  skip(visit: Visit, inFlight: number): void;
  /** Applies a rule on behalf of someone else and logs it. */
  foreign(appId: string, call: Call, act: (context: Context) => Ruling): LogEvent;
  /** Tells that accounts were changed from outside, so that they are saved. */
  changed(): void;
  /** Resolves when what was executed is safe in the state file. */
  saved(): Promise<void>;
  faults: { list(): readonly Fault[]; replace(faults: readonly Fault[]): void };
}

export interface SimulationDeps {
  accounts: Accounts;
  faults: readonly Fault[];
  log: EventLog;
  scale: number;
  now: () => number;
  random: () => number;
  save: () => Promise<void>;
}

/** The one place that holds state: applies pure rules to it and writes down what came of each call. */
export function createSimulation({ accounts, log, scale, now, random, save, ...initial }: SimulationDeps): Simulation {
  let faults = initial.faults;
  let pendingSave: Promise<void> = Promise.resolve();
  const context = (): Context => ({ now: now(), scale, random });

  function enter(endpoint: Endpoint, request: WireRequest): Visit {
    const params = readParams(endpoint, request);
    const call = typeof params === "number" ? endpoint.call : callOf(endpoint, params);
    const appId = typeof params === "number" ? null : (owner(endpoint, params)?.settings.appId ?? null);
    const taken = takeFault(faults, { appId, call, random });
    if (taken.fault !== undefined) keepFaults(taken.left);
    return { endpoint, call, params, appId, arrivedAt: now(), ...(taken.fault && { fault: taken.fault }) };
  }

  function owner({ bearer }: Endpoint, { appid, access_token: token }: Params): Account | undefined {
    if (bearer === "secret") return typeof appid === "string" ? accounts.get(appid) : undefined;
    return typeof token === "string" ? accounts.bySerial(serialOf(token) ?? -1) : undefined;
  }

  function rule({ endpoint, params }: Visit): Ruling {
    if (typeof params === "number") return refuse(params, context());
    return endpoint.rule({ account: owner(endpoint, params), params, context: context() });
  }

  function settle(ruling: Ruling): void {
    if (ruling.account === undefined) return;
    accounts.set(ruling.account);
    changed();
  }

  function changed(): void {
    pendingSave = save();
  }

  function record(visit: Visit, trace: Ruling["trace"], inFlight: number): void {
    const { appId, call, arrivedAt, fault } = visit;
    const durationMs = now() - arrivedAt;
    log.add({ at: arrivedAt, durationMs, appId, call, ...trace, inFlight, ...(fault && { fault: fault.type }) });
  }

  function keepFaults(left: readonly Fault[]): void {
    faults = left;
    changed();
  }

  return {
    context,
    enter,
    execute: (visit, { inFlight, errcode }) => {
      const ruling = errcode === undefined ? rule(visit) : scripted(visit, errcode);
      settle(ruling);
      record(visit, ruling.trace, inFlight);
      return JSON.stringify(ruling.body);
    },
    skip: (visit, inFlight) => record(visit, { errcode: 0, verdict: "unexecuted" }, inFlight),
    foreign: (appId, call, act) => {
      const ruling = act(context());
      settle(ruling);
      return log.add({ at: now(), durationMs: 0, appId, call, ...ruling.trace, inFlight: 0, foreign: true });
    },
    changed,
    saved: () => pendingSave,
    faults: { list: () => faults, replace: keepFaults },
  };

  function scripted(visit: Visit, { errcode, errmsg }: { errcode: number; errmsg?: string | undefined }): Ruling {
    const ip = visit.appId === null ? undefined : accounts.get(visit.appId)?.settings.egressIp;
    return refuse(errcode, context(), { ...(errmsg !== undefined && { errmsg }), ...(ip !== undefined && { ip }) });
  }
}
