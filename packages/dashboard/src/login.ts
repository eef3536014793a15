import { MINUTE, SECOND } from "@tokenkeeper/shared/contract";
import express, { type Request, type Response, type Router } from "express";
import { z } from "zod";
import { addressOf } from "./address.ts";
import type { Audit, AuditResult } from "@tokenkeeper/ops";
import { languageOf, LOCALES } from "./language.ts";
import type { LoginLimits } from "./login-limits.ts";
import type { SessionCookie } from "./session-cookie.ts";
import type { Sessions } from "./sessions.ts";
import { signedInUser } from "./signed-in-user.ts";
import { TEXTS, type Texts } from "./texts.ts";
import type { Users } from "./users/users.ts";

/** What signing in and out needs. */
export interface LoginDeps {
  readonly users: Pick<Users, "find" | "verify">;
  readonly sessions: Sessions;
  readonly cookie: SessionCookie;
  readonly limits: LoginLimits;
  readonly audit: Pick<Audit, "grant" | "note">;
}

/** Largest form, bytes. */
const FORM_LIMIT = 64 * 1024;

const form = z.object({ username: z.string().min(1), password: z.string().min(1) });

/** The routes of signing in and out. */
export function createLoginRoutes({ users, sessions, cookie, limits, audit }: LoginDeps): Router {
  const router = express.Router();

  router.get("/login", (request, response) => renderLogin(request, response, {}));
  router.post("/login", express.urlencoded({ extended: false, limit: FORM_LIMIT }), (request, response) =>
    signIn(request, response),
  );
  router.get("/logout", (request, response) => {
    const language = languageOf(request);
    const { name, role, by } = signedInUser(response);
    response.render("logout", { locale: LOCALES[language], texts: TEXTS[language], name, role, by });
  });
  router.post("/logout", (request, response) => signOut(request, response));
  router.post("/logout/everywhere", (request, response) => signOutEverywhere(request, response));
  return router;

  async function signIn(request: Request, response: Response): Promise<void> {
    const typed = form.safeParse(request.body).data;
    if (typed === undefined) {
      renderLogin(request, response, { status: 400, problem: (texts) => texts.missing });
      return;
    }
    const address = addressOf(request);
    const attempt = { address, user: typed.username };
    const { wait, isFirst } = await limits.take(attempt);
    if (wait > 0) {
      if (isFirst) noteFailure(attempt, "limited");
      response.set("Retry-After", String(Math.ceil(wait / SECOND)));
      renderLogin(request, response, { status: 429, problem: (texts) => texts.tooMany(Math.ceil(wait / MINUTE)) });
      return;
    }
    const user = await users.verify({ user: typed.username, password: typed.password });
    if (user === undefined) {
      noteFailure(attempt, "refused");
      renderLogin(request, response, { status: 401, problem: (texts) => texts.wrong });
      return;
    }
    await audit.grant({ user: { name: user.name, role: user.role, address }, action: "sign_in", result: "done" });
    const former = cookie.read(request.headers.cookie);
    if (former !== undefined) await sessions.end(former);
    const id = await sessions.begin(user);
    await limits.forgive(attempt);
    response.cookie(cookie.name, id, cookie.options).redirect(303, "/");
  }

  /** People type passwords into the wrong field: a name that is not ours is not written down. */
  function noteFailure({ address, user: name }: { address: string; user: string }, result: AuditResult): void {
    const user = users.find(name);
    audit.note({ user: { ...(user && { name: user.name, role: user.role }), address }, action: "sign_in", result });
  }

  async function signOut(request: Request, response: Response): Promise<void> {
    const id = cookie.read(request.headers.cookie);
    if (id !== undefined) await sessions.end(id);
    leave(response, "sign_out");
  }

  async function signOutEverywhere(_request: Request, response: Response): Promise<void> {
    await sessions.endAllOf(signedInUser(response).name);
    leave(response, "sign_out_everywhere");
  }

  function leave(response: Response, action: "sign_out" | "sign_out_everywhere"): void {
    audit.note({ user: signedInUser(response), action, result: "done" });
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
