import { APP_ID_PATTERN, MINUTE, type TicketType } from "@tokenkeeper/shared/contract";
import { z } from "zod";
import { apiSectionSchema, knownApiKeysAt } from "./api-section.ts";
import { durationRule, nameRule } from "./config-rules.ts";
import { LEADER_KEYS, leaderSectionSchema } from "./leader-section.ts";
import { isRedisUrl } from "./settings.ts";

const APP_ID = "wx and 16 letters or digits";
const QUOTED_TEXT = "a text (in quotes when it has only digits)";
const REDIS = "the URL of a Redis, redis:// or rediss://";

const account = z
  .strictObject(
    {
      name: nameRule.optional(),
      type: z.enum(
        ["official-account", "mini-program"],
        'official-account or mini-program (wecom and component: "not supported yet")',
      ),
      appId: z.string(APP_ID).regex(APP_ID_PATTERN, APP_ID),
      secret: z.string(QUOTED_TEXT).optional(),
      secretFile: z.string("the path of a file").optional(),
      token: z.enum(["stable", "classic"], "stable or classic").default("stable"),
      fallback: z.enum(["stable", "never"], "stable or never").default("stable"),
      sandbox: z.boolean("true or false").default(false),
      refreshEvery: durationRule(MINUTE, 60 * MINUTE, "a duration from 1m to 60m, such as 30m").optional(),
      tickets: z
        .array(z.enum(["jsapi", "wx_card"] satisfies TicketType[], "jsapi or wx_card"), "a list of jsapi and wx_card")
        .max(2, "at most 2 tickets")
        .default([]),
      // `findMirrors` says what is wrong with it.
      mirror: z.unknown().optional(),
    },
    "a mapping with appId, type and secret",
  )
  .refine(({ type, tickets }) => type !== "mini-program" || tickets.length === 0, {
    path: ["tickets"],
    message: "no tickets for a mini program: WeChat gives tickets to official accounts only",
  });

/** The configuration file as written. */
export const accountsFileSchema = z.strictObject(
  {
    redis: z.string(REDIS).refine(isRedisUrl, REDIS).optional(),
    accounts: z
      .array(account, "a list of accounts")
      .min(1, "at least one account")
      .max(100_000, "at most 100000 accounts"),
    api: apiSectionSchema.optional(),
    leader: leaderSectionSchema.optional(),
  },
  "a mapping with accounts",
);

/** One account as written. */
export type WrittenAccount = z.output<typeof account>;

const ACCOUNT_KEYS = Object.keys(account.shape);
const FILE_KEYS = Object.keys(accountsFileSchema.shape);

/** The keys that the mapping at a path of the file may have. */
export function knownKeysAt(path: readonly PropertyKey[]): readonly string[] {
  if (path[0] === "api") return knownApiKeysAt(path);
  if (path[0] === "leader") return LEADER_KEYS;
  return path[0] === "accounts" ? ACCOUNT_KEYS : FILE_KEYS;
}
