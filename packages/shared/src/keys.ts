import type { CredentialRef } from "./credential.ts";

// Every Redis key of ours, once. `docs/key-contract.md` documents each and a test compares the two.
// The braces put all keys of one account into one cluster slot.

/** First part of every key. */
export const PREFIX = "wx";

/** Prefix that BullMQ gets for its own keys: one slot for all queues. */
export const QUEUE_PREFIX = "{wx}";

/** Hash, expires with the credential. Written by the worker, read by apps: the record. */
export function recordKey({ account, kind }: CredentialRef): string {
  return `${PREFIX}:tok:{${account}}:${kind}`;
}

/** Hash without TTL. Written by the worker, read by worker and dashboard: lease, intent, generation, plan, failures. */
export function controlKey({ account, kind }: CredentialRef): string {
  return `${PREFIX}:ctl:{${account}}:${kind}`;
}

/** Hash with a TTL: name of an app → JSON of what it reported about the credential and what came of it. Written by the worker, read by the dashboard. */
export function reportersKey({ account, kind }: CredentialRef): string {
  return `${PREFIX}:reporters:{${account}}:${kind}`;
}

/**
 * Hash of fetch counters per endpoint, kept 3 days. Written by the worker, read by the dashboard.
 * @param beijingDate `YYYY-MM-DD` in Beijing, where WeChat's day begins.
 */
export function quotaKey(account: string, beijingDate: string): string {
  return `${PREFIX}:quota:{${account}}:${beijingDate}`;
}

/** Hash: account id and name → JSON `{id, name, family, kinds}`. Written by the worker, read by apps and dashboard. */
export const ACCOUNTS_KEY = `${PREFIX}:accounts`;

/** String: who paused the account and when. While it is there nothing of it is fetched. Written by the dashboard, read by the worker. */
export function pauseKey(account: string): string {
  return `${PREFIX}:pause:{${account}}`;
}

/** Pub/sub channel: a hint `{account, kind, version}` after each commit. */
export const ROTATED_CHANNEL = `${PREFIX}:rotated`;

/** Stream, capped: reports `{account, kind, fp, app}` and demands `{account, kind}`. Written by apps, read by the worker. */
export const REPORTS_KEY = `${PREFIX}:reports`;

/** Hash with a TTL: one worker's sign of life. Written by the worker, read by worker and dashboard. */
export function heartbeatKey(worker: string): string {
  return `${PREFIX}:worker:${worker}`;
}

/** Set: names of the workers that were seen. Written and read by the worker. */
export const WORKERS_KEY = `${PREFIX}:workers`;

/** Set with a TTL: ids of the credentials that a worker is configured for. Written and read by the worker. */
export function workerCredentialsKey(worker: string): string {
  return `${heartbeatKey(worker)}:credentials`;
}

/** Set with a TTL: names of the accounts that a worker is configured for. Written and read by the worker. */
export function workerNamesKey(worker: string): string {
  return `${heartbeatKey(worker)}:names`;
}

/** String with a TTL: one sign-in of the dashboard. Written and read by the dashboard. */
export function sessionKey(idHash: string): string {
  return `${PREFIX}:session:${idHash}`;
}

/** Sorted set with a TTL: the sessions of one user, by their end. Written and read by the dashboard. */
export function userSessionsKey(user: string): string {
  return `${PREFIX}:sessions:${user}`;
}

/**
 * Stream, capped: the audit trail. Written by dashboard and command line, read by the dashboard.
 * @param trail what stands in it: `acts`, what people did; `access`, who signed in or out, and what was denied. Apart, so
 * that a flood of the second pushes nothing out of the first.
 */
export function auditKey(trail: string): string {
  return `${PREFIX}:audit:${trail}`;
}

/**
 * Beginning of the keys in which failed sign-ins are counted; an address, or an address and a hash of the user name, follows.
 * Written and read by the dashboard.
 * @param limit what is counted: `user` or `address`.
 */
export function loginKeyPrefix(limit: string): string {
  return `${PREFIX}:login:${limit}`;
}

/**
 * Hash with a TTL: to whom the token HTTP API gave an access token. Written and read by the worker.
 * @param sha256 of the token, 64 hex digits: whoever presents the token shows with it which account is meant.
 */
export function givenKey(sha256: string): string {
  return `${PREFIX}:given:${sha256}`;
}

/**
 * Hash of request counters of the token HTTP API, kept 3 days. Written by the worker, read by the dashboard.
 * @param beijingDate `YYYY-MM-DD` in Beijing.
 */
export function usageKey(beijingDate: string): string {
  return `${PREFIX}:usage:${beijingDate}`;
}

/** Hash: name of a key of the token HTTP API → JSON `{lastSeen, accounts}` of the instance that follows this one with it. Written and read by the worker, read by the dashboard. */
export const FOLLOWERS_KEY = `${PREFIX}:followers`;

/**
 * Hash of counters for the service levels, kept 35 days. Written by the process that watches, read by the dashboard.
 * @param beijingDate `YYYY-MM-DD` in Beijing.
 */
export function sloKey(beijingDate: string): string {
  return `${PREFIX}:slo:${beijingDate}`;
}

/** Hash: what is wrong now and was or will be told to people on call → JSON of the incident. Written and read by worker and dashboard. */
export const INCIDENTS_KEY = `${PREFIX}:incidents`;

/**
 * String with a TTL: which process looks at everything for one purpose. Written and read by worker and dashboard.
 * @param purpose `alerts` or `slo`.
 */
export function watchKey(purpose: string): string {
  return `${PREFIX}:watch:${purpose}`;
}
