import {
  beijingDate,
  CONTROL_FIELDS,
  decodeControl,
  parseAccountEntry,
  parseReporterEntry,
  UNNAMED_REPORTER,
  type AccountEntry,
  type Control,
} from "@tokenkeeper/core";
import {
  ACCOUNTS_KEY,
  controlKey,
  pauseKey,
  quotaKey,
  recordKey,
  REPORTER_PATTERN,
  reportersKey,
  type CredentialKind,
  type CredentialRef,
} from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { z } from "zod";
import { UnavailableError } from "./unavailable-error.ts";
import type { LastRefresh, Reporter } from "./row.ts";

/** Everything that Redis says about one credential. Instants are epoch ms by Redis time. Never its value. */
export interface Facts {
  readonly entry: AccountEntry;
  readonly kind: CredentialKind;
  readonly now: number;
  readonly control: Control;
  /** Life left, ms; 0: no record; `undefined`: the dashboard may not ask. */
  readonly lifeMs: number | undefined;
  readonly last?: LastRefresh;
  readonly reportedSeen?: number;
  /** Counters of the Beijing day of the account. */
  readonly counters: Readonly<Record<string, number>>;
  readonly paused?: { readonly by: string; readonly at: number };
}

/** Reads about credentials. All of it rejects with UnavailableError while Redis does not answer. */
export interface Data {
  accounts(): Promise<AccountEntry[]>;
  /** Those of the accounts that are known, by their ids. */
  accountsOf(ids: readonly string[]): Promise<AccountEntry[]>;
  /** @returns the facts of the credentials of these accounts, in their order. */
  facts(entries: readonly AccountEntry[]): Promise<Facts[]>;
  /** @returns the apps that reported the credential in the last days, the last one first. */
  reporters(credential: CredentialRef): Promise<Reporter[]>;
}

/** Accounts in one round trip. */
const CHUNK = 250;
const pauseNote = z.object({ by: z.string(), at: z.number() });

/** @param redis its user may ask a record how long it lives, and nothing else of it. */
export function createData(redis: Redis): Data {
  async function factsOf(entries: readonly AccountEntry[]): Promise<Facts[]> {
    const seconds = await redis.time();
    const now = Number(seconds[0]) * 1_000 + Math.floor(Number(seconds[1]) / 1_000);
    const pipeline = redis.pipeline();
    for (const { id, kinds } of entries) {
      pipeline.hgetall(quotaKey(id, beijingDate(now))).get(pauseKey(id));
      for (const kind of kinds) {
        const ref: CredentialRef = { account: id, kind };
        pipeline.hgetall(controlKey(ref)).pttl(recordKey(ref));
      }
    }
    const replies = ((await pipeline.exec()) ?? []).values();
    // A key of another type, or one that this user may not read, says nothing.
    const next = (): unknown => {
      const [error, reply] = replies.next().value ?? [null, undefined];
      return error ? undefined : reply;
    };
    return entries.flatMap((entry) => {
      const counters = countersOf(next());
      const paused = pauseOf(next());
      return entry.kinds.map((kind): Facts => {
        const fields = (next() ?? {}) as Record<string, string>;
        const ttl = next();
        const last = lastOf(fields);
        const reportedSeen = wholeOf(fields["reported_seen"]);
        return {
          entry,
          kind,
          now,
          control: decodeControl(CONTROL_FIELDS.map((field) => fields[field] ?? null)),
          lifeMs: typeof ttl === "number" ? Math.max(0, ttl) : undefined,
          counters,
          ...(last && { last }),
          ...(reportedSeen !== undefined && { reportedSeen }),
          ...(paused && { paused }),
        };
      });
    });
  }

  return {
    accounts: () =>
      answered(async () => {
        const fields = Object.entries(await redis.hgetall(ACCOUNTS_KEY));
        const entries = fields.flatMap(([field, json]) => entryOf(field, json));
        return entries.toSorted((one, other) => one.name.localeCompare(other.name) || one.id.localeCompare(other.id));
      }),
    accountsOf: (ids) =>
      answered(async () => {
        if (ids.length === 0) return [];
        const texts = await redis.hmget(ACCOUNTS_KEY, ...ids);
        return ids.flatMap((id, index) => entryOf(id, texts[index] ?? ""));
      }),
    facts: (entries) =>
      answered(async () => {
        const all: Facts[] = [];
        for (let start = 0; start < entries.length; start += CHUNK) {
          all.push(...(await factsOf(entries.slice(start, start + CHUNK))));
        }
        return all;
      }),
    reporters: (credential) =>
      answered(async () => {
        const [[error, reply] = [null, {}]] = (await redis.pipeline().hgetall(reportersKey(credential)).exec()) ?? [];
        return error ? [] : reportersIn((reply ?? {}) as Record<string, string>);
      }),
  };
}

/** More than a worker keeps are not its own. */
const REPORTERS_SHOWN = 20;

/** Whoever may write the key may write anything: what is not in our form is left out. */
function reportersIn(fields: Readonly<Record<string, string>>): Reporter[] {
  return Object.entries(fields)
    .flatMap(([app, json]): Reporter[] => {
      const entry = app === UNNAMED_REPORTER || REPORTER_PATTERN.test(app) ? parseReporterEntry(json) : undefined;
      return entry ? [{ app, ...entry }] : [];
    })
    .toSorted((one, other) => other.at - one.at || one.app.localeCompare(other.app))
    .slice(0, REPORTERS_SHOWN);
}

/** The entry under the id counts: the one under a former name may be an old one. */
function entryOf(field: string, json: string): AccountEntry[] {
  const entry = parseAccountEntry(json);
  return entry?.id === field ? [entry] : [];
}

/** Runs it, and says in our own words when Redis fails: the error of ioredis carries the command with its arguments. */
export async function answered<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof UnavailableError) throw error;
    throw new UnavailableError("Redis does not answer. Check that it runs and try again.");
  }
}

function lastOf(fields: Readonly<Record<string, string>>): LastRefresh | undefined {
  const at = wholeOf(fields["last_at"]);
  const { last_outcome: outcome, last_reason: reason, last_code: code } = fields;
  const durationMs = wholeOf(fields["last_duration_ms"]);
  if (at === undefined || !outcome) return undefined;
  return {
    at,
    outcome,
    reason: reason ?? "",
    ...(code && { code }),
    ...(outcome === "refreshed" && durationMs !== undefined && { durationMs }),
  };
}

function countersOf(reply: unknown): Record<string, number> {
  const pairs = Object.entries((reply ?? {}) as Record<string, string>);
  return Object.fromEntries(pairs.map(([name, count]) => [name, wholeOf(count) ?? 0]));
}

/** Whoever may write the key pauses the account, whatever is written. */
function pauseOf(reply: unknown): Facts["paused"] {
  if (typeof reply !== "string") return undefined;
  try {
    return pauseNote.parse(JSON.parse(reply));
  } catch {
    return { by: "?", at: 0 };
  }
}

function wholeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
