import { MINUTE, SECOND } from "@tokenkeeper/shared/contract";
import type { Log } from "@tokenkeeper/core";
import express, { type Request, type Response, type Router } from "express";
import { z } from "zod";
import { matches, type Credentials } from "./credentials.ts";
import { languageOf, LOCALES } from "./language.ts";
import type { LoginLimits } from "./login-limits.ts";
import type { SessionCookie } from "./session-cookie.ts";
import type { Sessions } from "./sessions.ts";
import { TEXTS, type Texts } from "./texts.ts";

/** What signing in and out needs. */
export interface LoginDeps {
  readonly credentials: Credentials;
  readonly sessions: Sessions;
  readonly cookie: SessionCookie;
  readonly limits: LoginLimits;
  readonly log: Log;
}

/** Largest form, bytes. */
const FORM_LIMIT = 64 * 1024;

const form = z.object({ username: z.string().min(1), password: z.string().min(1) });

/** The routes of signing in and out. */
export function createLoginRoutes({ credentials, sessions, cookie, limits, log }: LoginDeps): Router {
  const router = express.Router();

  router.get("/login", (request, response) => renderLogin(request, response, {}));
  router.post("/login", express.urlencoded({ extended: false, limit: FORM_LIMIT }), (request, response) =>
    signIn(request, response),
  );
  router.get("/logout", (request, response) => {
    const language = languageOf(request);
    response.render("logout", { locale: LOCALES[language], texts: TEXTS[language], user: response.locals["user"] });
  });
  router.post("/logout", (request, response) => signOut(request, response));
  return router;

  async function signIn(request: Request, response: Response): Promise<void> {
    const typed = form.safeParse(request.body).data;
    if (typed === undefined) {
      renderLogin(request, response, { status: 400, problem: (texts) => texts.missing });
      return;
    }
    const address = request.socket.remoteAddress ?? "unknown";
    const attempt = { address, user: typed.username };
    const wait = await limits.take(attempt);
    if (wait > 0) {
      log.warn({ address }, "login.limited");
      response.set("Retry-After", String(Math.ceil(wait / SECOND)));
      renderLogin(request, response, { status: 429, problem: (texts) => texts.tooMany(Math.ceil(wait / MINUTE)) });
      return;
    }
    if (!matches({ user: typed.username, password: typed.password }, credentials)) {
      log.warn({ address }, "login.refused");
      renderLogin(request, response, { status: 401, problem: (texts) => texts.wrong });
      return;
    }
    const former = cookie.read(request.headers.cookie);
    if (former !== undefined) await sessions.end(former);
    const id = await sessions.begin(credentials.user);
    await limits.forgive(attempt);
    log.info({ address, user: credentials.user }, "login.accepted");
    response.cookie(cookie.name, id, cookie.options).redirect(303, "/");
  }

  async function signOut(request: Request, response: Response): Promise<void> {
    const id = cookie.read(request.headers.cookie);
    if (id !== undefined) await sessions.end(id);
    response.clearCookie(cookie.name, cookie.options).redirect(303, "/login");
  }
}

interface Refused {
  readonly status?: number;
  readonly problem?: (texts: Texts) => string;
}

function renderLogin(request: Request, response: Response, { status = 200, problem }: Refused): void {
  const language = languageOf(request);
  const texts = TEXTS[language];
  response.status(status).render("login", { locale: LOCALES[language], texts, problem: problem?.(texts) });
}
