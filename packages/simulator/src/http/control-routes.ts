import express from "express";
import type { Router } from "express";
import type { Control } from "../control.ts";
import { ControlError } from "../control-error.ts";
import { checked, logQuerySchema } from "../control-input.ts";
import type { Robots } from "../robots/robots.ts";
import { createRobotControlRoutes } from "../robots/routes.ts";

export interface ControlRoutesDeps {
  control: Control;
  robots: Robots;
  /** Resolves when a change is safe in the state file. */
  saved: () => Promise<void>;
}

/** The control API under /__sim, JSON in and out, one route for each function of `Control`. */
export function createControlRoutes({ control, robots, saved }: ControlRoutesDeps): Router {
  const router = express.Router();
  router.use(express.json({ type: () => true, limit: "32mb" }));

  router.get("/healthz", (_req, res) => void res.json({ ok: true }));
  router.get("/state", (_req, res) => void res.json(control.state()));
  router.get("/log", (req, res) => void res.json(control.log(checked(logQuerySchema, req.query))));
  router.get("/faults", (_req, res) => void res.json(control.faults()));
  router.post("/reset", (req, res) => done(res, () => control.reset(req.body ?? {})));

  router.get("/accounts", (_req, res) => void res.json(control.accounts()));
  router.get("/accounts/:appId", (req, res) => void res.json(control.account(req.params.appId)));
  router.put("/accounts/:appId", (req, res) => done(res, () => control.putAccount(named(req.params.appId, req.body))));
  router.patch("/accounts/:appId", (req, res) =>
    done(res, () => control.patchAccount(req.params.appId, req.body ?? {})),
  );
  router.delete("/accounts/:appId", (req, res) => done(res, () => control.deleteAccount(req.params.appId)));

  router.get("/accounts/:appId/faults", (req, res) => void res.json(control.faults(req.params.appId)));
  router.post("/accounts/:appId/faults", (req, res) =>
    done(res, () => control.addFault(req.params.appId, req.body ?? {})),
  );
  router.delete("/accounts/:appId/faults", (req, res) => done(res, () => control.deleteFaults(req.params.appId)));
  router.delete("/accounts/:appId/faults/:id", (req, res) =>
    done(res, () => control.deleteFaults(req.params.appId, Number(req.params.id))),
  );
  router.post("/accounts/:appId/foreign-fetch", (req, res) =>
    done(res, () => control.foreignFetch(req.params.appId, req.body ?? {})),
  );
  router.post("/accounts/:appId/expire", (req, res) =>
    done(res, () => control.expire(req.params.appId, req.body ?? {})),
  );

  router.use("/robots", createRobotControlRoutes(robots));

  router.use(() => {
    throw new ControlError(404, "no such control call: see the simulator's README");
  });
  return router;

  async function done(res: express.Response, act: () => object | undefined | void): Promise<void> {
    const answer = act() ?? { ok: true };
    await saved();
    res.json(answer);
  }
}

function named(appId: string, body: unknown): { appId: string; secret: string } {
  const fields = { appId, ...(body as { secret: string }) };
  if (fields.appId === appId) return fields;
  throw new ControlError(400, "appId: differs from the one in the path", [
    { field: "appId", problem: "differs from the one in the path" },
  ]);
}
