import { isIP } from "node:net";
import { CREDENTIAL_KINDS, MINUTE, type CredentialKind } from "@tokenkeeper/shared/contract";
import { z } from "zod";
import type { Account } from "./account.ts";
import { durationRule, nameRule } from "./config-rules.ts";
import { describeValue, didYouMean, type Problem } from "./problems.ts";

/** The section `api` of the configuration: the token HTTP API. Without it there is none. */
export interface ApiConfig {
  /** The address on which it listens. */
  readonly host: string;
  readonly port: number;
  readonly keys: readonly ApiKey[];
}

/** Who may ask the token HTTP API, and for what. */
export interface ApiKey {
  readonly name: string;
  /** SHA-256 of the key, 64 hex digits. */
  readonly hash: string;
  /** Ids of accounts, or all of them. */
  readonly accounts: "all" | readonly string[];
  readonly kinds: readonly CredentialKind[];
  readonly mayReport: boolean;
  /** What the SDK that uses this key takes off `expires_in` before it keeps a value, ms. */
  readonly sdkMargin: number;
  /** Requests a minute at the most, to one worker. */
  readonly perMinute: number;
}

const LOOPBACK = ["127.0.0.1", "::1", "localhost"];
const ALL = "*";

const HOST = "an IP address or localhost";
const PORT = "a port from 1 to 65535";
const HASH = "sha256: and 64 hex digits, as `pnpm api-key` prints them";
const ACCOUNTS = 'a list of accounts by name or appId, or "*" for all';
const ACCOUNT = '"*", or the name or appId of an account in this file';
const KINDS = `a list of ${CREDENTIAL_KINDS.join(", ")}`;
const PER_MINUTE = "a whole number from 1 to 1000000";

const apiKey = z.strictObject(
  {
    name: nameRule,
    hash: z.string(HASH).regex(/^sha256:[0-9a-f]{64}$/, HASH),
    accounts: z.array(z.string(ACCOUNT), ACCOUNTS).min(1, ACCOUNTS),
    kinds: z.array(z.enum(CREDENTIAL_KINDS, `one of ${CREDENTIAL_KINDS.join(", ")}`), KINDS).min(1, KINDS),
    mayReport: z.boolean("true or false").default(false),
    sdkMargin: durationRule(0, 60 * MINUTE, "a duration from 0s to 60m, such as 200s").optional(),
    perMinute: z.int(PER_MINUTE).min(1, PER_MINUTE).max(1_000_000, PER_MINUTE).default(6_000),
  },
  "a mapping with name, hash, accounts and kinds",
);

/** The section as written. */
export const apiSectionSchema = z.strictObject(
  {
    host: z
      .string(HOST)
      .refine((host) => host === "localhost" || isIP(host) > 0, HOST)
      .default("127.0.0.1"),
    port: z.int(PORT).min(1, PORT).max(65_535, PORT),
    keys: z.array(apiKey, "a list of keys").max(1_000, "at most 1000 keys").default([]),
  },
  "a mapping with port and keys",
);

const SECTION_KEYS = Object.keys(apiSectionSchema.shape);
const KEY_KEYS = Object.keys(apiKey.shape);

/** The keys that the mapping at a path of the section may have. @param path begins with `api`. */
export function knownApiKeysAt(path: readonly PropertyKey[]): readonly string[] {
  return path.length > 1 ? KEY_KEYS : SECTION_KEYS;
}

/**
 * What the schema cannot see: accounts that the file does not have, and names or hashes that two keys share.
 * @param section as written, whatever it holds. @param accounts names and appIds of the accounts as written.
 */
export function findApiProblems(section: unknown, accounts: readonly string[]): Problem[] {
  const keys = typeof section === "object" && section !== null && "keys" in section ? section.keys : undefined;
  if (!Array.isArray(keys)) return [];
  const mappings = keys.map((key: unknown, index) => ({
    path: `api.keys[${index}]`,
    key: (typeof key === "object" && key !== null ? key : {}) as Readonly<Record<string, unknown>>,
  }));
  const unknown = mappings.flatMap(({ path, key }) => {
    const named: unknown[] = Array.isArray(key["accounts"]) ? key["accounts"] : [];
    return named.flatMap((word, index): Problem[] => {
      if (typeof word !== "string" || word === ALL || accounts.includes(word)) return [];
      const got = `${describeValue("", word)}${didYouMean(word, accounts)}`;
      return [{ path: `${path}.accounts[${index}]`, expected: ACCOUNT, got }];
    });
  });
  const doubled = (["name", "hash"] as const).flatMap((field) => {
    const owners = new Map<unknown, string>();
    return mappings.flatMap(({ path, key }): Problem[] => {
      const value = key[field];
      const owner = owners.get(value);
      owners.set(value, owner ?? path);
      if (owner === undefined || typeof value !== "string") return [];
      return [{ path: `${path}.${field}`, expected: `a ${field} that no other key has`, got: `that of ${owner}` }];
    });
  });
  return [...unknown, ...doubled];
}

/** The section as the worker uses it. */
export function toApiConfig(written: z.output<typeof apiSectionSchema>, accounts: readonly Account[]): ApiConfig {
  const ids = new Map(accounts.flatMap(({ id, name }) => [[name, id] as const, [id, id] as const]));
  return {
    host: written.host,
    port: written.port,
    keys: written.keys.map((key) => ({
      name: key.name,
      hash: key.hash.slice("sha256:".length),
      accounts: key.accounts.includes(ALL) ? "all" : key.accounts.flatMap((word) => ids.get(word) ?? []),
      kinds: key.kinds,
      mayReport: key.mayReport,
      sdkMargin: key.sdkMargin ?? 0,
      perMinute: key.perMinute,
    })),
  };
}

/** Sentences about what is accepted but should be looked at. */
export function apiWarnings({ host, keys }: ApiConfig): string[] {
  return [
    ...(LOOPBACK.includes(host)
      ? []
      : [
          "api.host: tokens and keys leave this machine unencrypted; put a TLS proxy in front, or keep to a private network",
        ]),
    ...(keys.length > 0 ? [] : ["api.keys: there is none, so every request is refused"]),
  ];
}
