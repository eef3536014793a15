import express from "express";
import type { Request, Response, Router } from "express";
import { refuse } from "../rules/errcode.ts";
import { ENDPOINTS } from "../rules/endpoint.ts";
import type { Endpoint } from "../rules/endpoint.ts";
import type { Simulation } from "../simulation.ts";
import { deliver } from "./deliver.ts";
import { createFlights } from "./flights.ts";
import { send } from "./reply.ts";

export interface WechatDeps {
  simulation: Simulation;
  closing: AbortSignal;
}

/** The paths of api.weixin.qq.com; every API error is HTTP 200 with an errcode, an unknown path 40066. */
export function createWechatRoutes({ simulation, closing }: WechatDeps): Router {
  const flights = createFlights();
  const router = express.Router();
  router.use(express.text({ type: () => true, limit: "256kb" }));
  for (const endpoint of ENDPOINTS) router.all(endpoint.path, (req, res) => answer(endpoint, req, res));
  router.use((_req, res) => send(res, { body: JSON.stringify(refuse(40066, simulation.context()).body) }));
  return router;

  async function answer(endpoint: Endpoint, req: Request, res: Response): Promise<void> {
    const query = new URLSearchParams(req.originalUrl.split("?").slice(1).join("?"));
    const body = typeof req.body === "string" ? req.body : "";
    const visit = simulation.enter(endpoint, { method: req.method, query, body });
    const kind = endpoint.kind === "ticket" ? visit.call : endpoint.kind;
    const flight = kind === undefined ? undefined : flights.enter(`${visit.appId} ${kind}`);
    if (flight !== undefined) res.on("close", flight.leave);
    await deliver({ simulation, visit, res, inFlight: flight?.count ?? 0, closing }).catch((error: unknown) => {
      if (!closing.aborted) throw error;
    });
  }
}
