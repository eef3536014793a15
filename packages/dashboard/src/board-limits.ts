import type { RequestHandler } from "express";
import { z } from "zod";
import { REFUSALS } from "./texts.ts";

/** Bull Board takes any number, and reads that many jobs: its own page asks for 50 at most. */
const query = z.object({
  page: z
    .string()
    .regex(/^\d{1,6}$/)
    .optional(),
  jobsPerPage: z
    .string()
    .regex(/^\d{1,3}$/)
    .optional(),
});

/** Refuses what would make Bull Board read the whole history at once. */
export const limitBoard: RequestHandler = (request, response, next) => {
  if (query.safeParse(request.query).success) next();
  else response.status(400).json({ error: REFUSALS.badRequest });
};
