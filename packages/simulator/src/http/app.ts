import express from "express";
import type { ErrorRequestHandler, Express } from "express";
import type { Control } from "../control.ts";
import { ControlError } from "../control-error.ts";
import { refuse } from "../rules/errcode.ts";
import type { Robots } from "../robots/robots.ts";
import { createRobotRoutes } from "../robots/routes.ts";
import type { Simulation } from "../simulation.ts";
import { createControlRoutes } from "./control-routes.ts";
import { send } from "./reply.ts";
import { createWechatRoutes } from "./wechat-routes.ts";

export interface AppDeps {
  simulation: Simulation;
  control: Control;
  robots: Robots;
  closing: AbortSignal;
  warn: (message: string) => void;
}

/** The HTTP face: WeChat's paths, those of group robots, and the control API under /__sim. */
export function createApp({ simulation, control, robots, closing, warn }: AppDeps): Express {
  const app = express();
  app.disable("x-powered-by");
  app.use("/__sim", createControlRoutes({ control, robots, saved: () => simulation.saved() }), controlErrors(warn));
  app.use(createRobotRoutes(robots));
  app.use(createWechatRoutes({ simulation, closing }));
  // oxlint-disable-next-line max-params -- express knows an error handler by its four parameters
  const unreadable: ErrorRequestHandler = (_error, _req, res, next) => {
    if (res.headersSent) next();
    else send(res, { body: JSON.stringify(refuse(47001, simulation.context()).body) });
  };
  app.use(unreadable);
  return app;
}

function controlErrors(warn: (message: string) => void): ErrorRequestHandler {
  // oxlint-disable-next-line max-params -- express knows an error handler by its four parameters
  return (error: unknown, _req, res, _next) => {
    if (error instanceof ControlError) {
      res.status(error.status).json({ error: error.message, problems: error.problems });
    } else if (isUnreadable(error)) {
      const problems = [{ field: "body", problem: "expected a JSON object of at most 32 MB" }];
      res.status(400).json({ error: "the request cannot be read", problems });
    } else {
      warn("a control call failed in the simulator itself");
      res.status(500).json({ error: "the simulator failed: please report it" });
    }
  };
}

/** express puts a status below 500 on what it could not decode or parse. */
function isUnreadable(error: unknown): boolean {
  return typeof error === "object" && error !== null && "status" in error && Number(error.status) < 500;
}
