import express, { type Request, type Response, type Router } from "express";
import { z } from "zod";
import { languageOf, LOCALES, themeOf } from "../language.ts";
import { signedInUser } from "../signed-in-user.ts";
import { REFUSALS, TEXTS } from "../texts.ts";
import type { AuditPage, AuditReader } from "./audit-reader.ts";
import { AUDIT_TEXTS } from "./audit-texts.ts";

/** Entries on a page. */
const COUNT = 100;

const query = z.object({
  before: z
    .string()
    .regex(/^\d{1,16}-\d{1,10}$/)
    .optional(),
});

/** The page of the audit trail, and the same as JSON. */
export function createAuditRoutes(reader: AuditReader): Router {
  const router = express.Router();

  async function read(request: Request): Promise<AuditPage | undefined> {
    const asked = query.safeParse(request.query).data;
    return asked && reader.read(asked.before, COUNT);
  }

  async function showPage(request: Request, response: Response): Promise<void> {
    const page = await read(request);
    if (page === undefined) {
      response.status(400).json({ error: REFUSALS.badRequest });
      return;
    }
    const language = languageOf(request);
    const words = { texts: TEXTS[language], audit: AUDIT_TEXTS[language], locale: LOCALES[language] };
    const { name: user, role } = signedInUser(response);
    response.render("audit", { ...words, ...page, language, theme: themeOf(request), user, role });
  }

  async function sendJson(request: Request, response: Response): Promise<void> {
    const page = await read(request);
    response.status(page ? 200 : 400).json(page ?? { error: REFUSALS.badRequest });
  }

  router.get("/audit", (request, response) => showPage(request, response));
  router.get("/api/audit", (request, response) => sendJson(request, response));
  return router;
}
