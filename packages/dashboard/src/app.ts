import { join } from "node:path";
import type { Log } from "@tokenkeeper/core";
import ejs from "ejs";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { auditRetries, type AuditRetriesDeps } from "./audit/audit-retries.ts";
import type { AuditReader } from "./audit/audit-reader.ts";
import { createAuditRoutes } from "./audit/audit-routes.ts";
import { limitBoard } from "./board-limits.ts";
import { createClientFiles, modulesOf, readClientFiles } from "./client-files.ts";
import { createGate, type GateDeps } from "./gate.ts";
import { languageOf, type Language } from "./language.ts";
import { createLoginRoutes, type LoginDeps } from "./login.ts";
import { createOpsRoutes, type OpsDeps } from "./ops/routes.ts";
import { createSecurityHeaders } from "./security-headers.ts";
import { REFUSALS } from "./texts.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";
import { NotAuditedError, UnavailableError } from "@tokenkeeper/ops";

/** What the app is put together from. */
export interface AppDeps {
  readonly gate: GateDeps;
  readonly login: LoginDeps;
  readonly retries: AuditRetriesDeps;
  readonly auditReader: AuditReader;
  /** Whose `X-Forwarded-For` is believed. */
  readonly proxies: TrustedProxies;
  readonly boards: Readonly<Record<Language, Express>>;
  readonly ops: Omit<OpsDeps, "modules">;
  /** Resolves when Redis answers and what pages show is fresh. */
  readonly ready: () => Promise<void>;
  readonly secure: boolean;
  readonly log: Log;
}

const PAGES = join(import.meta.dirname, "pages");
/** Largest body that a route of Bull Board may get, bytes. */
const BODY_LIMIT = 64 * 1024;

/** All routes, with the gate before them. */
export function createApp(deps: AppDeps): Express {
  const { boards, ops, ready, proxies, secure, log } = deps;
  const app = express();
  app.disable("x-powered-by");
  app.set("trust proxy", (address: string) => proxies.trusts(address));
  app.engine("ejs", (file, data, done) => ejs.renderFile(file, data, done));
  app.set("view engine", "ejs").set("views", PAGES);

  app.use(createSecurityHeaders(secure));
  app.use(createGate(deps.gate));

  app.get("/healthz", (_request, response) => void response.json({ ok: true }));
  app.get("/readyz", async (_request, response) => {
    const ok = await ready().then(
      () => true,
      () => false,
    );
    response.status(ok ? 200 : 503).json({ ok });
  });
  for (const file of ["login.css", "board.css", "audit.css", "audit.js", "icon.svg"]) {
    app.get(`/${file}`, (_request, response) => response.sendFile(join(PAGES, file), { cacheControl: false }));
  }
  app.use(createLoginRoutes(deps.login));
  app.use(createAuditRoutes(deps.auditReader));
  const files = readClientFiles();
  app.use("/ui", createClientFiles(files));
  app.use(createOpsRoutes({ ...ops, modules: modulesOf(files, "/client/credentials-page.ts") }));
  app.use("/queues", limitBoard, express.json({ limit: BODY_LIMIT }), auditRetries(deps.retries));
  app.use("/queues", (request, response, next) => boards[languageOf(request)](request, response, next));

  const notFound: RequestHandler = (_request, response) => {
    response.status(404).json({ error: REFUSALS.notFound });
  };
  app.use(notFound, answerErrors(log));
  return app;
}

/** Answers whatever was thrown with a text of ours: messages of third parties stay out of pages. */
function answerErrors(log: Log): ErrorRequestHandler {
  // oxlint-disable-next-line max-params -- express knows an error handler by its four parameters
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const status = statusOf(error);
    if (status >= 500) log.error({ err: error }, "request.failed");
    response.status(status).json({ error: textOf(error, status) });
  };
}

function statusOf(error: unknown): number {
  if (error instanceof UnavailableError || error instanceof NotAuditedError) return 503;
  const status = error instanceof Error && "status" in error ? Number(error.status) : 500;
  return status >= 400 && status < 500 ? status : 500;
}

function textOf(error: unknown, status: number): string {
  if (error instanceof NotAuditedError) return REFUSALS.notAudited;
  if (status === 503) return REFUSALS.unavailable;
  if (status === 413) return REFUSALS.tooLarge;
  return status < 500 ? REFUSALS.badRequest : REFUSALS.failure;
}
