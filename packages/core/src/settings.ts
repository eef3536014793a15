import { z } from "zod";
import { ConfigError, describeValue, type Problem } from "./problems.ts";

/** The environment as a process gets it. */
export type Environment = Readonly<Record<string, string | undefined>>;

const port = z.coerce
  .number("a port from 1 to 65535")
  .int("a port from 1 to 65535")
  .min(1, "a port from 1 to 65535")
  .max(65_535, "a port from 1 to 65535");
const redisUrl = z.string().refine(isRedisUrl, "a URL that begins with redis:// or rediss://").optional();
const logLevel = z.enum(
  ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
  "one of trace, debug, info, warn, error, fatal, silent",
);
const timeScale = z.coerce
  .number("a number from 1 to 1000")
  .min(1, "a number from 1 to 1000")
  .max(1_000, "a number from 1 to 1000");

/** Any but those that browsers and proxies send by themselves: they never say who somebody is. */
const HEADER_NAME =
  /^(?!(?:accept|authorization|content-|cookie|host$|if-|origin$|referer|sec-|user-agent|x-forwarded-(?:for|host|proto)$))[a-z][a-z0-9-]{2,63}$/i;
/** Passwords of examples and of first guesses, in lower case. */
const WELL_KNOWN = [
  "password",
  "passw0rd",
  "password1",
  "changeme",
  "12345678",
  "123456789",
  "admin123",
  "tokenkeeper",
];

/** Every environment variable, each with its rule; `docs` and both READMEs list the same names. */
export const SETTINGS = {
  REDIS_URL: redisUrl,
  TOKENKEEPER_CONFIG: z.string().optional(),
  TOKENKEEPER_ALERTS: z.string().optional(),
  WECHAT_APP_ID: z.string().optional(),
  WECHAT_APP_SECRET: z.string().optional(),
  WECHAT_API_BASE_URL: z.string().default("https://api.weixin.qq.com"),
  TOKENKEEPER_ALLOW_API_HOST: z.string().optional(),
  WORKER_HEALTH_PORT: port.default(3011),
  WORKER_HEALTH_HOST: z.string().default("127.0.0.1"),
  DASHBOARD_HOST: z.string().default("127.0.0.1"),
  DASHBOARD_PORT: port.default(3010),
  DASHBOARD_METRICS_HOST: z.string().default("127.0.0.1"),
  DASHBOARD_METRICS_PORT: port.default(3013),
  DASHBOARD_USER: z.string().default("admin"),
  DASHBOARD_PASSWORD: z
    .string()
    .min(8, "a password of at least 8 characters")
    .refine(isNotWellKnown, "a password that is not a well-known one")
    .optional(),
  DASHBOARD_USERS: z.string().optional(),
  DASHBOARD_PUBLIC_URL: z.string().refine(isHttpUrl, "a URL that begins with http:// or https://").optional(),
  DASHBOARD_TRUSTED_HEADER: z.string().regex(HEADER_NAME, "the name of a header, such as X-Forwarded-User").optional(),
  DASHBOARD_TRUSTED_PROXIES: z.string().optional(),
  SIMULATOR_PORT: port.default(3012),
  TOKENKEEPER_TIME_SCALE: timeScale.default(1),
  LOG_LEVEL: logLevel.default("info"),
  NODE_ENV: z.string().default("development"),
} as const;

type SettingName = keyof typeof SETTINGS;

/** The parsed settings of the names asked for. */
export type Settings<Name extends SettingName> = { readonly [K in Name]: z.output<(typeof SETTINGS)[K]> };

/**
 * Reads settings from the environment. An empty variable counts as not set.
 * @throws ConfigError with every problem at once.
 */
export function readSettings<Name extends SettingName>(env: Environment, names: readonly Name[]): Settings<Name> {
  const { settings, problems } = checkSettings(env, names);
  if (problems.length > 0) throw new ConfigError(problems);
  return settings;
}

/** As `readSettings`, with the problems beside the settings; a setting that has a problem is not to be used. */
export function checkSettings<Name extends SettingName>(
  env: Environment,
  names: readonly Name[],
): { settings: Settings<Name>; problems: Problem[] } {
  const problems: Problem[] = [];
  const values = names.map((name) => {
    const given = env[name] === "" ? undefined : env[name];
    const parsed = SETTINGS[name].safeParse(given);
    if (!parsed.success) {
      const expected = parsed.error.issues[0]?.message ?? "another value";
      problems.push({ path: name, expected, got: describeValue(name, given) });
    }
    return [name, parsed.data] as const;
  });
  const scale = env["TOKENKEEPER_TIME_SCALE"];
  const scaleRefused = problems.some(({ path }) => path === "TOKENKEEPER_TIME_SCALE");
  if (env["NODE_ENV"] === "production" && !scaleRefused && (Number(scale) || 1) !== 1) {
    const expected = "1 or nothing when NODE_ENV is production";
    problems.push({
      path: "TOKENKEEPER_TIME_SCALE",
      expected,
      got: describeValue("TOKENKEEPER_TIME_SCALE", scale),
    });
  }
  return { settings: Object.fromEntries(values) as Settings<Name>, problems };
}

/** Whether a text is a Redis URL that ioredis understands. */
export function isRedisUrl(value: string): boolean {
  return URL.canParse(value) && ["redis:", "rediss:"].includes(new URL(value).protocol);
}

function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && ["http:", "https:"].includes(new URL(value).protocol);
}

function isNotWellKnown(password: string): boolean {
  return !WELL_KNOWN.includes(password.toLowerCase());
}
