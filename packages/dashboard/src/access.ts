import { ALERTS_QUEUE, REFRESH_QUEUE, SCHEDULE_QUEUE } from "@tokenkeeper/core";
import { CREDENTIAL_KINDS } from "@tokenkeeper/shared/contract";
import type { Role } from "@tokenkeeper/ops";

/** Who may use a route: anyone, or who is signed in with this role or one that may do more. */
export type Audience = "anyone" | Role;

interface Rule {
  readonly methods: readonly string[];
  readonly path: RegExp;
  readonly audience: Audience;
}

const READ = ["GET", "HEAD"];

/** What Bull Board's own paths have where a job's id may stand. It takes them in any case, so none of them is an id. */
const BOARD_WORDS = [
  "add",
  "clean",
  "concurrency",
  "default-job-options",
  "empty",
  "job-data-schema",
  "job-schedulers",
  "metrics",
  "obliterate",
  "pause",
  "promote",
  "rate-limit",
  "resume",
  "retry",
  "workers",
];

// What may stand for a part of a path. A path is matched as it came: what is only equal after decoding is another path.
const PLACES: Readonly<Record<string, string>> = {
  ":account": "(?!\\.)(?:[A-Za-z0-9_.@-]|%(?!2F|5C|00)[0-9A-F]{2}){1,300}",
  ":kind": `(?:${CREDENTIAL_KINDS.join("|")})`,
  ":queue": `(?:${REFRESH_QUEUE}|${SCHEDULE_QUEUE}|${ALERTS_QUEUE})`,
  ":work": `(?:${REFRESH_QUEUE}|${ALERTS_QUEUE})`,
  // BullMQ's own ids, and those of job schedulers with their colons as the board's page encodes them.
  ":job": `(?!(?i:${BOARD_WORDS.join("|")})(?:/|$))(?:[A-Za-z0-9_.:@~-]|%3A|%40){1,200}`,
  "**": "(?!\\.)[A-Za-z0-9_.@~-]{1,300}(?:/(?!\\.)[A-Za-z0-9_.@~-]{1,300})*",
};

const BOARD_API = "/queues/api";

/**
 * Everything that is allowed. What matches no line is denied, whatever routes Bull Board brings with its next version: its
 * reads are listed one by one, and of its writes there are two.
 */
const RULES: readonly Rule[] = [
  ...allow("anyone", READ, ["/healthz", "/readyz", "/login", "/login.css", "/icon.svg"]),
  ...allow("anyone", ["POST"], ["/login"]),
  ...allow("viewer", [...READ, "POST"], ["/logout"]),
  ...allow("viewer", ["POST"], ["/logout/everywhere"]),

  ...allow("viewer", READ, ["/", "/fleet", "/credentials/:account/:kind", "/ui/**", "/board.css"]),
  ...allow("viewer", READ, [
    "/api/credentials",
    "/api/credentials/:account/:kind",
    "/api/fleet",
    "/api/alerts",
    "/api/events",
  ]),
  ...allow("operator", ["POST"], ["/api/credentials/:account/:kind/refresh", "/api/jobs/rerun"]),
  ...allow("admin", ["POST"], ["/api/credentials/:account/:kind/force"]),
  ...allow("admin", ["POST"], ["/api/accounts/:account/reset-quota"]),
  ...allow("admin", ["POST"], ["/api/alerts/test"]),
  ...allow("admin", ["POST"], ["/api/accounts/:account/pause", "/api/accounts/:account/resume"]),
  ...allow("admin", READ, ["/audit", "/audit.css", "/audit.js", "/api/audit"]),

  ...allow("viewer", READ, ["/queues", "/queues/", "/queues/job-schedulers", "/queues/metrics-history"]),
  ...allow("viewer", READ, ["/queues/queue/:queue", "/queues/queue/:queue/:job", "/queues/static/**"]),
  ...allow("viewer", READ, [`${BOARD_API}/queues`, `${BOARD_API}/job-schedulers`, `${BOARD_API}/redis/stats`]),
  ...allow("viewer", READ, [`${BOARD_API}/queues/:queue/metrics`, `${BOARD_API}/queues/:queue/rate-limit`]),
  ...allow("viewer", READ, [`${BOARD_API}/queues/:queue/default-job-options`]),
  ...allow("viewer", READ, [`${BOARD_API}/queues/:queue/job-data-schema`]),
  // Addresses and versions of the workers' connections.
  ...allow("operator", READ, [`${BOARD_API}/queues/:queue/workers`]),
  ...allow("viewer", READ, [`${BOARD_API}/queues/:queue/:job`]),
  ...allow("viewer", READ, [`${BOARD_API}/queues/:queue/:job/logs`, `${BOARD_API}/queues/:queue/:job/flow`]),
  ...allow("operator", ["PUT"], [`${BOARD_API}/queues/:work/:job/retry`, `${BOARD_API}/queues/:work/retry/failed`]),
];

/**
 * Who may send this method to this path.
 * @param path as it came, not decoded and not normalised
 * @returns `undefined` when nobody may.
 */
export function audienceOf(method: string, path: string): Audience | undefined {
  return RULES.find((rule) => rule.methods.includes(method) && rule.path.test(path))?.audience;
}

/** Whether a method only reads. */
export function isRead(method: string): boolean {
  return READ.includes(method);
}

function allow(audience: Audience, methods: readonly string[], paths: readonly string[]): Rule[] {
  return paths.map((path) => ({ methods, path: patternOf(path), audience }));
}

function patternOf(path: string): RegExp {
  const parts = path.split("/").map((part) => PLACES[part] ?? part.replaceAll(".", "\\."));
  return new RegExp(`^${parts.join("/")}$`);
}
