import { suffices, type Audit, type Role } from "@tokenkeeper/ops";
import type { Request, RequestHandler, Response } from "express";
import { audienceOf, isRead } from "./access.ts";
import type { Identify } from "./identify.ts";
import { isSameOrigin } from "./same-origin.ts";
import type { SignedInUser } from "./signed-in-user.ts";
import { REFUSALS } from "./texts.ts";

/** What the gate knows. */
export interface GateDeps {
  readonly identify: Identify;
  readonly audit: Pick<Audit, "note">;
  readonly publicUrl: string | undefined;
  /** How often an answer that lasts, such as a stream of events, is looked at again, ms. */
  readonly recheckEvery: number;
}

/**
 * Stands before every route: lets through what the table of `access.ts` allows to whoever asks, and nothing else. An
 * act that is denied to somebody who is signed in is audited.
 */
export function createGate({ identify, audit, publicUrl, recheckEvery }: GateDeps): RequestHandler {
  return async (request, response, next) => {
    const audience = audienceOf(request.method, request.path);
    const changes = !isRead(request.method);
    const isForeign = changes && !isOurs(request, publicUrl);
    if (audience === "anyone") {
      if (isForeign) refuse(response, 403, REFUSALS.foreign);
      else next();
      return;
    }
    if (audience === undefined && !changes) {
      refuse(response, 404, REFUSALS.notFound);
      return;
    }
    const who = await identify(request, audience !== undefined && !isForeign);
    const user = who === "stranger" ? undefined : who;
    if (audience === undefined) deny(user, REFUSALS.forbidden);
    else if (isForeign) deny(user, REFUSALS.foreign);
    else if (who === "stranger") refuse(response, 403, REFUSALS.stranger);
    else if (user === undefined) askToSignIn(request, response);
    else if (!suffices(user.role, audience)) deny(user, REFUSALS.role[audience]);
    else {
      response.locals["user"] = user;
      watch(request, response, audience);
      next();
    }

    function deny(denied: SignedInUser | undefined, error: string): void {
      const target = `${request.method} ${request.path}`;
      if (denied && changes) audit.note({ user: denied, action: "denied", target, result: "refused" });
      refuse(response, 403, error);
    }
  };

  /** Cuts off an answer that still runs when its user may no longer have it. */
  function watch(request: Request, response: Response, audience: Role): void {
    const look = async (): Promise<void> => {
      const who = await identify(request, false).catch(() => "not known" as const);
      if (who === "not known") return;
      if (who === undefined || who === "stranger" || !suffices(who.role, audience)) response.destroy();
    };
    const timer = setInterval(() => void look(), recheckEvery);
    response.once("close", () => clearInterval(timer));
  }
}

function isOurs({ headers }: Request, publicUrl: string | undefined): boolean {
  const secFetchSite = headers["sec-fetch-site"];
  const origin = {
    secFetchSite: Array.isArray(secFetchSite) ? secFetchSite.join() : secFetchSite,
    origin: headers.origin,
    host: headers.host,
  };
  return isSameOrigin(origin, publicUrl);
}

function refuse(response: Response, status: number, error: string): void {
  response.status(status).json({ error });
}

function askToSignIn(request: Request, response: Response): void {
  if (/^(?:\/queues)?\/api\//.test(request.path)) refuse(response, 401, REFUSALS.unauthenticated);
  else response.redirect(303, "/login");
}
