import type { Request, RequestHandler, Response } from "express";
import { audienceOf, isRead } from "./access.ts";
import { isSameOrigin } from "./same-origin.ts";
import type { SessionCookie } from "./session-cookie.ts";
import type { Sessions } from "./sessions.ts";
import { REFUSALS } from "./texts.ts";

/** What the gate knows. */
export interface GateDeps {
  readonly sessions: Sessions;
  readonly cookie: SessionCookie;
  readonly publicUrl: string | undefined;
}

/** Stands before every route: lets through what the table of `access.ts` allows to whoever asks, and nothing else. */
export function createGate({ sessions, cookie, publicUrl }: GateDeps): RequestHandler {
  return async (request, response, next) => {
    const audience = audienceOf(request.method, request.path);
    if (audience === undefined) {
      const [status, error] = isRead(request.method) ? [404, REFUSALS.notFound] : [403, REFUSALS.forbidden];
      response.status(status).json({ error });
      return;
    }
    if (!isRead(request.method) && !isOurs(request)) {
      response.status(403).json({ error: REFUSALS.foreign });
      return;
    }
    if (audience === "signed-in") {
      const id = cookie.read(request.headers.cookie);
      const user = id === undefined ? undefined : await sessions.find(id);
      if (user === undefined) {
        askToSignIn(request, response);
        return;
      }
      response.locals["user"] = user;
    }
    next();
  };

  function isOurs({ headers }: Request): boolean {
    const secFetchSite = headers["sec-fetch-site"];
    const origin = {
      secFetchSite: Array.isArray(secFetchSite) ? secFetchSite.join() : secFetchSite,
      origin: headers.origin,
      host: headers.host,
    };
    return isSameOrigin(origin, publicUrl);
  }
}

function askToSignIn(request: Request, response: Response): void {
  const isData = /^\/(?:queues\/)?api\//.test(request.path);
  if (isData) response.status(401).json({ error: REFUSALS.unauthenticated });
  else response.redirect(303, "/login");
}
