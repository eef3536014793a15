import { fingerprint, TICKET_KINDS, type CredentialKind } from "@tokenkeeper/shared/contract";
import { findMirrors, type Mirror } from "./account-mirrors.ts";
import { findSecret, lacksSecret } from "./account-secret.ts";
import type { Account, Leader } from "./account.ts";
import { accountsFileSchema, knownKeysAt, type WrittenAccount } from "./accounts-schema.ts";
import { apiWarnings, findApiProblems, toApiConfig, type ApiConfig } from "./api-section.ts";
import { findLeader } from "./leader-section.ts";
import { describeValue, problemsOf, type Problem } from "./problems.ts";
import { resolveReferences } from "./references.ts";
import { secretOf } from "./secret.ts";
import type { ReadFile } from "./secret-file.ts";
import type { Environment } from "./settings.ts";
import { parseYaml } from "./yaml-file.ts";

/** What a configuration file says. */
export interface AccountsFile {
  readonly accounts: readonly Account[];
  readonly redis?: string;
  readonly api?: ApiConfig;
  /** Sentences about what is accepted but should be looked at. */
  readonly warnings: readonly string[];
}

/** Everything that is wrong in a configuration file. */
export interface RefusedFile {
  readonly problems: readonly Problem[];
  /** Whether the file could be read and names no Redis. */
  readonly lacksRedis: boolean;
}

/** Where the file's references lead. */
export interface FileContext {
  readonly env: Environment;
  readonly readFile: ReadFile;
}

/** The accounts of a configuration file, or everything that is wrong in it. */
export function parseAccountsFile(bytes: Uint8Array, { env, readFile }: FileContext): AccountsFile | RefusedFile {
  const written = parseYaml(bytes, "accounts");
  if ("problem" in written) return { problems: [written.problem], lacksRedis: false };
  const { value: input, problems: unresolved } = resolveReferences(written.value, env);
  const parsed = accountsFileSchema.safeParse(input, { error: () => "another value" });

  const section = sectionOf(input, "leader");
  const mappings = accountMappingsOf(input, section !== undefined);
  const leader = findLeader(section, readFile);
  const secrets = mappings.map(({ path, mapping, follows }) =>
    follows ? undefined : findSecret(mapping, { path, readFile }),
  );
  const mirrors = mappings.map(({ path, mapping, follows }) => findMirrors(mapping, { path, follows }));
  const others = [
    ...problemsOf(parsed.error?.issues ?? [], input, knownKeysAt),
    ...[...secrets, ...mirrors, leader].flatMap((found) => found?.problems ?? []),
    ...duplicatesIn(mappings),
    ...findApiProblems(sectionOf(input, "api"), mappings.flatMap(wordsOf)),
  ];
  const explained = new Set(unresolved.map(({ path }) => path));
  const problems = [...unresolved, ...others.filter(({ path }) => !explained.has(path))];
  if (!parsed.success || problems.length > 0) {
    const lacksRedis = typeof input === "object" && input !== null && !("redis" in input);
    return { problems, lacksRedis };
  }

  const accounts = parsed.data.accounts.map((account, index) =>
    toAccount(account, {
      secret: secrets[index]?.secret,
      leader: leader.leader,
      mirrors: mirrors[index]?.mirrors ?? [],
    }),
  );
  const api = parsed.data.api && toApiConfig(parsed.data.api, accounts);
  return {
    accounts,
    ...(parsed.data.redis && { redis: parsed.data.redis }),
    ...(api && { api }),
    warnings: [
      ...[...secrets, leader].flatMap((found) => found?.warnings ?? []),
      ...followWarnings(mappings, section !== undefined),
      ...sharedSecretsIn(accounts),
      ...(api ? apiWarnings(api) : []),
    ],
  };
}

interface AccountMapping {
  readonly path: string;
  /** It has no secret, and there is a leader. */
  readonly follows: boolean;
  readonly mapping: Readonly<Record<string, unknown>>;
}

/** The accounts as written, whatever they hold, so that one that is wrong hides no fault of another. */
function accountMappingsOf(input: unknown, hasLeader: boolean): AccountMapping[] {
  const list = sectionOf(input, "accounts");
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown, index) => {
    if (typeof item !== "object" || item === null || Array.isArray(item)) return [];
    const mapping = item as Readonly<Record<string, unknown>>;
    return [{ path: `accounts[${index}]`, mapping, follows: hasLeader && lacksSecret(mapping) }];
  });
}

/** What only says how WeChat is asked. */
const WITHOUT_EFFECT = ["token", "fallback", "sandbox", "refreshEvery"];

function followWarnings(mappings: readonly AccountMapping[], hasLeader: boolean): string[] {
  const followers = mappings.filter(({ follows }) => follows);
  if (hasLeader && followers.length === 0) return ["leader: every account has its own secret, so none follows it"];
  return followers.flatMap(({ path, mapping }) =>
    WITHOUT_EFFECT.filter((key) => mapping[key] !== undefined).map(
      (key) => `${path}.${key}: has no effect on an account that follows; its leader decides that`,
    ),
  );
}

function sectionOf(input: unknown, name: string): unknown {
  return typeof input === "object" && input !== null ? Object.getOwnPropertyDescriptor(input, name)?.value : undefined;
}

/** What an account may be called by. */
function wordsOf({ mapping }: AccountMapping): string[] {
  return [mapping["appId"], mapping["name"]].filter((word) => typeof word === "string" && word !== "").map(String);
}

function toAccount(
  written: WrittenAccount,
  { secret, leader, mirrors }: { secret: string | undefined; leader: Leader | undefined; mirrors: readonly Mirror[] },
): Account {
  const tickets = [...new Set(written.tickets)].map((type): CredentialKind => TICKET_KINDS[type]);
  return {
    id: written.appId,
    name: written.name ?? written.appId,
    type: written.type,
    secret: secretOf(secret ?? ""),
    ...(secret === undefined && leader && { leader }),
    token: written.token,
    fallback: written.fallback,
    sandbox: written.sandbox,
    ...(written.refreshEvery !== undefined && secret !== undefined && { refreshEvery: written.refreshEvery }),
    kinds: ["access_token", ...tickets],
    mirrors,
  };
}

/** Ids and names live in one map for apps, so no name may be another account's name or id. */
function duplicatesIn(accounts: readonly AccountMapping[]): Problem[] {
  const owners = new Map<string, string>();
  return accounts.flatMap((account) => {
    const { path } = account;
    const words = new Set(wordsOf(account).map((word) => word.toLowerCase()));
    return [...words].flatMap((word): Problem[] => {
      const owner = owners.get(word) ?? path;
      owners.set(word, owner);
      if (owner === path) return [];
      const expected = "an appId and a name that no other account has";
      return [{ path, expected, got: `${describeValue("", word)}, as in ${owner}` }];
    });
  });
}

function sharedSecretsIn(accounts: readonly Account[]): string[] {
  const owners = new Map<string, string>();
  return accounts.flatMap((account) => {
    if (account.leader !== undefined) return [];
    const key = fingerprint(account.secret.reveal());
    const owner = owners.get(key);
    owners.set(key, owner ?? account.name);
    return owner === undefined ? [] : [`${account.name} has the same secret as ${owner}; every account has its own`];
  });
}
