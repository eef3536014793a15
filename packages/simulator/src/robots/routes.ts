import express, { type Request, type Response, type Router } from "express";
import { z } from "zod";
import { checked } from "../control-input.ts";
import { reset } from "../http/reply.ts";
import { robotTypeSchema, type RobotType } from "./robot.ts";
import type { Robots } from "./robots.ts";

/** Paths of the real robots; below `/webhook` that of a program of one's own. */
export function createRobotRoutes(robots: Robots): Router {
  const router = express.Router();
  const raw = express.text({ type: () => true, limit: "1mb" });
  const query = ({ query: given }: Request, name: string): string => {
    const value = given[name];
    return typeof value === "string" ? value : "";
  };
  router.post("/cgi-bin/webhook/send", raw, (request, response) =>
    receive("wecom", query(request, "key"), { request, response }),
  );
  router.post("/robot/send", raw, (request, response) =>
    receive("dingtalk", query(request, "access_token"), { request, response }),
  );
  router.post("/open-apis/bot/v2/hook/:id", raw, (request, response) =>
    receive("feishu", request.params.id, { request, response }),
  );
  router.post("/webhook/:id", raw, (request, response) => receive("webhook", request.params.id, { request, response }));
  return router;

  function receive(
    type: RobotType,
    id: string,
    { request, response }: { request: Request<Record<string, string>>; response: Response },
  ): void {
    const answer = robots.receive(type, id, {
      query: new URL(request.originalUrl, "http://127.0.0.1").searchParams,
      headers: request.headers as Record<string, string | undefined>,
      body: typeof request.body === "string" ? request.body : "",
    });
    if (answer === "reset") return reset(response);
    response.status(answer.status).type("application/json").send(answer.body);
  }
}

const messagesQuery = z.strictObject({
  after: z.coerce.number().int().min(0).optional(),
  type: robotTypeSchema.optional(),
  id: z.string().optional(),
});

/** The control API of robots, below `/__sim/robots`. */
export function createRobotControlRoutes(robots: Robots): Router {
  const router = express.Router();
  const typeOf = ({ params }: Request): RobotType => checked(robotTypeSchema, params["type"]);
  const idOf = ({ params }: Request): string => String(params["id"]);
  router.get("/", (_request, response) => void response.json(robots.list()));
  router.get(
    "/messages",
    (request, response) => void response.json(robots.messages(checked(messagesQuery, request.query))),
  );
  router.put(
    "/:type/:id",
    (request, response) =>
      void response.json(robots.put({ ...(request.body as object), type: typeOf(request), id: idOf(request) })),
  );
  router.delete("/:type/:id", (request, response) => {
    robots.delete(typeOf(request), idOf(request));
    response.json({ ok: true });
  });
  router.post("/:type/:id/faults", (request, response) => {
    robots.addFault(typeOf(request), idOf(request), request.body);
    response.json({ ok: true });
  });
  router.delete("/:type/:id/faults", (request, response) => {
    robots.deleteFaults(typeOf(request), idOf(request));
    response.json({ ok: true });
  });
  return router;
}
