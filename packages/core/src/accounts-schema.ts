import { APP_ID_PATTERN, MINUTE, SECOND, type TicketType } from "@tokenkeeper/shared/contract";
import { z } from "zod";

const NAME_PATTERN = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u;
const DURATION_PATTERN = /^(\d{1,4})([smh])$/;
const UNIT_MS = { s: SECOND, m: MINUTE, h: 60 * MINUTE } as const;

const refreshEvery = z
  .string("a duration from 1m to 110m, such as 30m")
  .transform((text) => durationMs(text))
  .refine((ms) => ms >= MINUTE && ms <= 110 * MINUTE, "a duration from 1m to 110m, such as 30m");

const account = z
  .strictObject({
    name: z.string().regex(NAME_PATTERN, "a name of up to 64 letters, digits, spaces and . _ -").optional(),
    type: z.enum(
      ["official-account", "mini-program"],
      'official-account or mini-program (wecom and component: "not supported yet")',
    ),
    appId: z.string().regex(APP_ID_PATTERN, "wx and 16 letters or digits"),
    secret: z.string().optional(),
    secretFile: z.string().optional(),
    token: z.enum(["stable", "classic"], "stable or classic").default("stable"),
    fallback: z.enum(["stable", "never"], "stable or never").default("stable"),
    sandbox: z.boolean().default(false),
    refreshEvery: refreshEvery.optional(),
    tickets: z
      .array(z.enum(["jsapi", "wx_card"] satisfies TicketType[], "jsapi or wx_card"))
      .max(2)
      .default([]),
  })
  .refine(({ type, tickets }) => type === "official-account" || tickets.length === 0, {
    path: ["tickets"],
    message: "no tickets for a mini program: WeChat gives tickets to official accounts only",
  });

/** The configuration file as written. */
export const accountsFileSchema = z.strictObject({
  redis: z.string().optional(),
  accounts: z.array(account).min(1, "at least one account").max(100_000, "at most 100000 accounts"),
});

/** One account as written. */
export type WrittenAccount = z.output<typeof account>;

const ACCOUNT_KEYS = Object.keys(account.shape);
const FILE_KEYS = Object.keys(accountsFileSchema.shape);

/** The keys that the mapping at a path of the file may have. */
export function knownKeysAt(path: readonly PropertyKey[]): readonly string[] {
  return path[0] === "accounts" ? ACCOUNT_KEYS : FILE_KEYS;
}

function durationMs(text: string): number {
  const [, amount, unit] = DURATION_PATTERN.exec(text) ?? [];
  return amount && unit ? Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS] : Number.NaN;
}
