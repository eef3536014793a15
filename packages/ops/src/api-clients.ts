import { beijingDate, parseFollowerEntry } from "@tokenkeeper/core";
import { FOLLOWERS_KEY, MINUTE, usageKey } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import type { Fleet, Row } from "./row.ts";

/** What Redis says of those who ask the token HTTP API. */
export interface ApiClients {
  readonly followers: Fleet["followers"];
  readonly requests: Fleet["requests"];
}

/** A follower asks every 10 s. */
const FOLLOWS_WITHIN = MINUTE;
/** What was not seen for so long is of the past, ms. */
const FORGOTTEN_AFTER = 3 * 24 * 60 * MINUTE;
/** So many of a follower's accounts are named. */
const NAMED = 20;
const COUNTED = ["served", "reported", "followed"] as const;

/** @param now Redis time, epoch ms. @param rows what is known of the accounts here. Rejects when Redis fails. */
export async function readApiClients(redis: Redis, now: number, rows: readonly Row[]): Promise<ApiClients> {
  const pipeline = redis
    .pipeline()
    .hgetall(FOLLOWERS_KEY)
    .hgetall(usageKey(beijingDate(now)));
  // A key of another type says nothing.
  const [followers, usage] = ((await pipeline.exec()) ?? []).map(([error, reply]) => (error ? {} : reply));
  return {
    followers: followersIn(fieldsOf(followers), now, new Map(rows.map(({ account, name }) => [account, name]))),
    requests: requestsIn(fieldsOf(usage)),
  };
}

function fieldsOf(reply: unknown): [string, string][] {
  return Object.entries((reply ?? {}) as Record<string, string>);
}

function followersIn(
  fields: readonly [string, string][],
  now: number,
  nameOf: ReadonlyMap<string, string>,
): Fleet["followers"] {
  return fields
    .flatMap(([key, json]) => {
      const entry = parseFollowerEntry(json);
      const seenMsAgo = Math.max(0, now - (entry?.lastSeen ?? 0));
      if (!entry || seenMsAgo > FORGOTTEN_AFTER) return [];
      const names = Object.keys(entry.accounts).map((id) => nameOf.get(id) ?? id);
      const first = names.toSorted((one, other) => one.localeCompare(other)).slice(0, NAMED);
      return [{ key, seenMsAgo, follows: seenMsAgo <= FOLLOWS_WITHIN, accounts: names.length, names: first }];
    })
    .toSorted((one, other) => one.seenMsAgo - other.seenMsAgo || one.key.localeCompare(other.key));
}

/** The fields are `<key>|<account>|<result>`; what is neither of the counted results is a refusal. */
function requestsIn(fields: readonly [string, string][]): Fleet["requests"] {
  const byKey = new Map<string, { served: number; reported: number; followed: number; refused: number }>();
  for (const [field, count] of fields) {
    const [, key, word] = /^(.+)\|[^|]*\|(\w+)$/.exec(field) ?? [];
    if (key === undefined || !/^\d{1,15}$/.test(count)) continue;
    const counts = byKey.get(key) ?? { served: 0, reported: 0, followed: 0, refused: 0 };
    byKey.set(key, counts);
    counts[COUNTED.find((result) => result === word) ?? "refused"] += Number(count);
  }
  return [...byKey]
    .map(([key, counts]) => ({ key, ...counts }))
    .toSorted((one, other) => one.key.localeCompare(other.key));
}
