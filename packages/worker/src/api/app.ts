import type { Log } from "@tokenkeeper/core";
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from "express";
import helmet from "helmet";
import { problemOf, Refusal } from "./refusal.ts";
import { send } from "./send.ts";
import { useOf } from "./usage.ts";
import { createV1Routes, type V1Deps } from "./v1-routes.ts";
import { ERRCODE_OF, wechatError } from "./wechat-answers.ts";
import { createWechatRoutes, type WechatDeps } from "./wechat-routes.ts";

/** What the app is put together from. */
export interface AppDeps extends V1Deps, WechatDeps {
  readonly log: Log;
}

/** All routes of the token HTTP API. */
export function createApp({ log, ...deps }: AppDeps): Express {
  const app = express();
  app.set("trust proxy", false).set("etag", false);
  app.use(
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: { "default-src": ["'none'"] } },
      // Whether people come by https is the proxy's to say.
      strictTransportSecurity: false,
      originAgentCluster: false,
    }),
    noStore,
    refuseStrangers,
  );
  app.use("/v1", createV1Routes(deps));
  app.use(createWechatRoutes(deps));
  app.use(answerErrors(deps.usage, log));
  return app;
}

const noStore: RequestHandler = (_request, response, next) => {
  response.set("Cache-Control", "no-store");
  next();
};

const FROM_A_PAGE =
  "Requests of web pages are refused: a key or token must not be in a page. Call from your server, without the header Origin.";
const NO_PROXY = "This is no proxy: send a path that begins with a slash, and one header Host.";

const refuseStrangers: RequestHandler = (request, _response, next) => {
  const { originalUrl, headersDistinct, httpVersion } = request;
  const hosts = headersDistinct["host"]?.length ?? 0;
  if (!originalUrl.startsWith("/") || hosts > 1 || (hosts === 0 && httpVersion !== "1.0"))
    throw new Refusal("bad_request", { message: NO_PROXY });
  if (request.headers.origin !== undefined) throw new Refusal("forbidden", { message: FROM_A_PAGE });
  next();
};

/** Answers whatever was thrown with a text of ours, in the form of the path it came by. */
function answerErrors(usage: AppDeps["usage"], log: Log): ErrorRequestHandler {
  // oxlint-disable-next-line max-params -- express knows an error handler by its four parameters
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const refusal = refusalOf(error);
    if (refusal.word === "failure") log.error({ err: error }, "api.failed");
    usage.count({ ...useOf(response), result: refusal.word });
    const { status, message, word, headers } = refusal;
    const body = isOurPath(request) ? problemOf(refusal) : wechatError(ERRCODE_OF[word], message);
    send(response, { status, body, headers });
  };
}

/** Errors of express and its body parsers carry a status; their messages are not passed on. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const status = error instanceof Error && "status" in error ? Number(error.status) : 500;
  // What is left of a body that is too large is not read.
  if (status === 413) return new Refusal("too_large", { headers: { Connection: "close" } });
  if (status === 415) return new Refusal("unsupported_media_type");
  return new Refusal(status >= 400 && status < 500 ? "bad_request" : "failure");
}

function isOurPath({ originalUrl }: Request): boolean {
  return /^\/v1(?:[/?]|$)/.test(originalUrl);
}
