import { durationRule, nameRule } from "@tokenkeeper/core";
import { HOUR } from "@tokenkeeper/shared/contract";
import { z } from "zod";
import { isTimeZone } from "./quiet-hours.ts";
import { RECEIVER_TYPES } from "./receiver.ts";
import { RULE_NAMES, SEVERITIES, type Rule } from "./rules.ts";

// Every rule carries its own text, which reads as what was expected: zod's messages are not shown to anybody.

const LANGUAGE = "zh or en";
const TIME = 'a time of day such as "22:00"';
const TEXT = "a text";
const SHARE = "a number above 0, up to 1";
const FOR = "a duration from 0s to 24h, such as 2m";

const language = z.enum(["zh", "en"], LANGUAGE);
const severities = z
  .array(z.enum(SEVERITIES, "page or ticket"), "a list of page, ticket")
  .min(1, "page, ticket or both");
const ruleName = z.enum(RULE_NAMES as [Rule, ...Rule[]], `one of ${RULE_NAMES.join(", ")}`);
const minutes = z
  .string(TIME)
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, TIME)
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)));

const receiver = z.strictObject(
  {
    name: nameRule,
    type: z.enum(RECEIVER_TYPES, RECEIVER_TYPES.join(", ")),
    url: z.string(TEXT).optional(),
    urlFile: z.string("the path of a file").optional(),
    secret: z.string(TEXT).optional(),
    secretFile: z.string("the path of a file").optional(),
    language: language.optional(),
    severities: severities.default([...SEVERITIES]),
    accounts: z
      .array(z.string("the name or appId of an account"), "a list of accounts")
      .min(1, "at least one")
      .optional(),
    rules: z.array(ruleName, "a list of rules").min(1, "at least one").optional(),
  },
  "a mapping with name, type and url",
);

const quietHours = z
  .strictObject(
    {
      from: minutes,
      to: minutes,
      timeZone: z.string("a time zone such as Asia/Shanghai").refine(isTimeZone, "a time zone such as Asia/Shanghai"),
    },
    "a mapping with from, to and timeZone",
  )
  .refine(({ from, to }) => from !== to, "two different times");

const ruleSettings = z.strictObject(
  {
    for: durationRule(0, 24 * HOUR, FOR).optional(),
    severity: z.enum(SEVERITIES, "page or ticket").optional(),
    off: z.boolean("true or false").optional(),
  },
  "a mapping with for, severity or off",
);
const sharedSettings = z.strictObject(
  { ...ruleSettings.shape, share: z.number(SHARE).gt(0, SHARE).max(1, SHARE).optional() },
  "a mapping with for, severity, off or share",
);

/** Rules whose threshold is a part of something. */
const WITH_SHARE: readonly string[] = ["QuotaHigh", "RedisRisk"] satisfies readonly Rule[];

const rulesSchema = z.strictObject(
  Object.fromEntries(
    RULE_NAMES.map((rule) => [rule, (WITH_SHARE.includes(rule) ? sharedSettings : ruleSettings).optional()]),
  ) as Record<Rule, z.ZodOptional<typeof sharedSettings>>,
  "a mapping of rules",
);

/** The file of alerts as written. */
export const alertsFileSchema = z.strictObject(
  {
    language: language.default("zh"),
    receivers: z
      .array(receiver, "a list of receivers")
      .min(1, "at least one receiver")
      .max(100, "at most 100 receivers"),
    quietHours: quietHours.optional(),
    rules: rulesSchema.optional(),
  },
  "a mapping with receivers",
);

/** See `alertsFileSchema`. */
export type WrittenAlerts = z.output<typeof alertsFileSchema>;

const KEYS: Readonly<Record<string, readonly string[]>> = {
  receivers: Object.keys(receiver.shape),
  quietHours: ["from", "to", "timeZone"],
};

/** The keys that the mapping at a path may have. */
export function knownAlertKeysAt([first, second]: readonly PropertyKey[]): readonly string[] {
  if (first === undefined) return Object.keys(alertsFileSchema.shape);
  if (first === "rules") {
    if (second === undefined) return RULE_NAMES;
    return Object.keys((WITH_SHARE.includes(String(second)) ? sharedSettings : ruleSettings).shape);
  }
  return KEYS[String(first)] ?? [];
}
