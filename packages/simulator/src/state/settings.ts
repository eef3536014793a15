import { z } from "zod";

const seconds = z.number().positive().max(31_536_000);
const limit = z.number().int().min(0);

const quotasSchema = z.strictObject({
  classicPerDay: limit.nullable(),
  stablePerDay: limit,
  stablePerMinute: limit,
  forcePerDay: limit,
  ticketPerDay: limit,
  clearsPerMonth: limit,
});

export const settingsSchema = z.strictObject({
  appId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "expected 1 to 64 letters, digits, _ or -"),
  name: z.string().min(1).max(64),
  type: z.enum(["official-account", "mini-program"]),
  secret: z.string().min(1).max(256),
  sandbox: z.boolean(),
  tokenLifeSeconds: seconds,
  ticketLifeSeconds: seconds,
  graceSeconds: seconds,
  windowSeconds: seconds,
  strict: z.boolean(),
  whitelist: z
    .array(z.union([z.ipv4(), z.cidrv4()], { error: "expected an IPv4 address or an IPv4 CIDR range" }))
    .nullable(),
  egressIp: z.ipv4(),
  tokenLength: z.number().int().min(32).max(2048),
  ticketRotates: z.boolean(),
  ticketExpiresIn: z.enum(["full", "remaining"]),
  quotas: quotasSchema,
});

const inputFields = settingsSchema.extend({ quotas: quotasSchema.partial() }).partial();

/** What creates an account: appId and secret; everything else has WeChat's own value as default. */
export const accountInputSchema = inputFields.required({ appId: true, secret: true });

/** What changes an account: any setting but the appId. */
export const accountPatchSchema = inputFields.omit({ appId: true });

/** Durations are unscaled seconds; `whitelist: null` is a whitelist that is switched off. */
export type Settings = z.infer<typeof settingsSchema>;
export type AccountInput = z.infer<typeof accountInputSchema>;
export type AccountPatch = z.infer<typeof accountPatchSchema>;

/** Limits as documented by WeChat; `classicPerDay: null` means 2000, or 200 for a sandbox account. */
const DEFAULT_QUOTAS: Settings["quotas"] = {
  classicPerDay: null,
  stablePerDay: 500_000,
  stablePerMinute: 10_000,
  forcePerDay: 20,
  ticketPerDay: 10_000,
  clearsPerMonth: 10,
};

/** Returns the full settings of a new account. */
export function completeSettings(input: AccountInput): Settings {
  const defaults: Settings = {
    appId: input.appId,
    name: input.appId,
    type: "official-account",
    secret: input.secret,
    sandbox: false,
    tokenLifeSeconds: 7200,
    ticketLifeSeconds: 7200,
    graceSeconds: 300,
    windowSeconds: 300,
    strict: true,
    whitelist: null,
    egressIp: "203.0.113.7",
    tokenLength: 512,
    ticketRotates: false,
    ticketExpiresIn: "full",
    quotas: DEFAULT_QUOTAS,
  };
  return mergeSettings(defaults, input);
}

/** Returns `settings` with the given fields replaced; quotas are merged one by one. */
export function mergeSettings(settings: Settings, patch: AccountPatch): Settings {
  const { quotas, ...fields } = patch;
  return { ...settings, ...given(fields), quotas: { ...settings.quotas, ...given(quotas ?? {}) } };
}

function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
