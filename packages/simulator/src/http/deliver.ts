import { setTimeout as wait } from "node:timers/promises";
import type { Response } from "express";
import type { Simulation, Visit } from "../simulation.ts";
import { reset, send, sendBadGateway, sendTruncated } from "./reply.ts";

export interface Delivery {
  simulation: Simulation;
  visit: Visit;
  res: Response;
  inFlight: number;
  /** Ends every wait when the simulator closes. */
  closing: AbortSignal;
}

/** Executes a call and answers it, or does what the fault that hit it says. Delays are real ms, never scaled. */
export async function deliver({ simulation, visit, res, inFlight, closing }: Delivery): Promise<void> {
  const { fault } = visit;

  async function execute(errcode?: { errcode: number; errmsg?: string | undefined }): Promise<string> {
    const body = simulation.execute(visit, { inFlight, ...(errcode && { errcode }) });
    await simulation.saved();
    return body;
  }
  async function executeIf(wanted: boolean): Promise<void> {
    if (wanted) await execute();
    else simulation.skip(visit, inFlight);
  }

  switch (fault?.type) {
    case undefined:
      return send(res, { body: await execute() });
    case "errcode":
      return send(res, { body: await execute(fault) });
    case "delay":
      await wait(fault.ms, undefined, { signal: closing });
      return send(res, { body: await execute() });
    case "issue_late":
      await wait(fault.ms, undefined, { signal: closing });
      await execute();
      return undefined;
    case "execute_then_reset":
      await execute();
      return reset(res);
    case "reset_before":
      simulation.skip(visit, inFlight);
      return reset(res);
    case "execute_then_hang":
      await execute();
      return undefined;
    case "truncate":
      return sendTruncated(res, await execute(), fault.bytes);
    case "wrong_json":
      await executeIf(fault.execute);
      return send(res, { body: fault.body });
    case "http_502":
      await executeIf(fault.execute);
      return sendBadGateway(res);
    case "body":
      await executeIf(fault.execute);
      return send(res, fault);
  }
}
