import { REFRESH_QUEUE } from "@tokenkeeper/core";
import { CREDENTIAL_KINDS } from "@tokenkeeper/shared/contract";

/** Who may use a route. */
export type Audience = "anyone" | "signed-in";

interface Rule {
  readonly methods: readonly string[];
  readonly path: RegExp;
  readonly audience: Audience;
}

const READ = ["GET", "HEAD"];
// BullMQ's own ids, and those of job schedulers with their colons as the board's page encodes them.
const JOB_ID = "(?:[A-Za-z0-9_.:@~-]|%3A|%40){1,200}";
const ACCOUNT = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}";
const KIND = `(?:${CREDENTIAL_KINDS.join("|")})`;
const REFRESH_API = `/queues/api/queues/${REFRESH_QUEUE}`;

/** Everything that is allowed. What matches no line is denied, whatever routes Bull Board brings with its next version. */
const RULES: readonly Rule[] = [
  { methods: READ, path: /^\/(?:healthz|readyz)$/, audience: "anyone" },
  { methods: READ, path: /^\/(?:login|login\.css|icon\.svg)$/, audience: "anyone" },
  { methods: ["POST"], path: /^\/login$/, audience: "anyone" },
  { methods: [...READ, "POST"], path: /^\/logout$/, audience: "signed-in" },
  { methods: READ, path: /^\/(?:board\.css)?$/, audience: "signed-in" },
  { methods: READ, path: new RegExp(`^/credentials/${ACCOUNT}/${KIND}$`), audience: "signed-in" },
  { methods: READ, path: /^\/fleet$/, audience: "signed-in" },
  { methods: READ, path: /^\/ui\/(?:client|ops)(?:\/[A-Za-z0-9][A-Za-z0-9.-]{0,63}){1,4}$/, audience: "signed-in" },
  { methods: READ, path: /^\/api\/(?:credentials|fleet|events)$/, audience: "signed-in" },
  { methods: READ, path: new RegExp(`^/api/credentials/${ACCOUNT}/${KIND}$`), audience: "signed-in" },
  {
    methods: ["POST"],
    path: new RegExp(`^/api/credentials/${ACCOUNT}/${KIND}/(?:refresh|force)$`),
    audience: "signed-in",
  },
  {
    methods: ["POST"],
    path: new RegExp(`^/api/accounts/${ACCOUNT}/(?:pause|resume|reset-quota)$`),
    audience: "signed-in",
  },
  { methods: ["POST"], path: /^\/api\/jobs\/rerun$/, audience: "signed-in" },
  { methods: READ, path: /^\/queues(?:\/.*)?$/, audience: "signed-in" },
  { methods: ["PUT"], path: new RegExp(`^${REFRESH_API}/${JOB_ID}/retry$`), audience: "signed-in" },
  { methods: ["PUT"], path: new RegExp(`^${REFRESH_API}/retry/failed$`), audience: "signed-in" },
];

/**
 * Who may send this method to this path.
 * @param path as it came, not decoded and not normalised: a path that is only equal after decoding is another path.
 * @returns `undefined` when nobody may.
 */
export function audienceOf(method: string, path: string): Audience | undefined {
  return RULES.find((rule) => rule.methods.includes(method) && rule.path.test(path))?.audience;
}

/** Whether a method only reads. */
export function isRead(method: string): boolean {
  return READ.includes(method);
}
