import { z } from "zod";
import { settingsSchema } from "./settings.ts";
import type { Settings } from "./settings.ts";

const issuedSchema = z.strictObject({
  ordinal: z.number(),
  fp: z.string(),
  issuedAt: z.number(),
  expiresAt: z.number(),
  retiredAt: z.number().nullable(),
});

const lineSchema = z.strictObject({
  count: z.number(),
  value: z.string().nullable(),
  issued: z.array(issuedSchema),
});

const usageSchema = z.strictObject({
  date: z.string(),
  day: z.record(z.string(), z.number()),
  minute: z.number(),
  minuteCalls: z.number(),
  month: z.string(),
  clears: z.number(),
  lastForceAt: z.number().nullable(),
});

export const accountSchema = z.strictObject({
  settings: settingsSchema,
  serial: z.number(),
  lines: z.strictObject({ classic: lineSchema, stable: lineSchema, jsapi: lineSchema, wx_card: lineSchema }),
  usage: usageSchema,
});

/** One value that was handed out. Times are epoch ms; `retiredAt` is when a newer value ends its acceptance. */
export type Issued = z.infer<typeof issuedSchema>;

/** All values of one kind of one account, newest last; only the newest is kept in clear, for it may be asked again. */
export type Line = z.infer<typeof lineSchema>;

/** What was used of the limits in the current Beijing day, minute and Beijing month. */
export type Usage = z.infer<typeof usageSchema>;

/** Everything the simulator knows of one account. `serial` begins each of its access tokens. */
export type Account = z.infer<typeof accountSchema>;

export type LineName = keyof Account["lines"];
export const LINE_NAMES = ["classic", "stable", "jsapi", "wx_card"] as const satisfies readonly LineName[];

const EMPTY_LINE: Line = { count: 0, value: null, issued: [] };
const UNUSED: Usage = { date: "", day: {}, minute: 0, minuteCalls: 0, month: "", clears: 0, lastForceAt: null };

/** Returns an account that has issued nothing yet. */
export function newAccount(settings: Settings, serial: number): Account {
  const lines = { classic: EMPTY_LINE, stable: EMPTY_LINE, jsapi: EMPTY_LINE, wx_card: EMPTY_LINE };
  return { settings, serial, lines, usage: UNUSED };
}
