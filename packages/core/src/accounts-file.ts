import { fingerprint, TICKET_KINDS, type CredentialKind } from "@tokenkeeper/shared/contract";
import { parseDocument } from "yaml";
import type { Account } from "./account.ts";
import { accountsFileSchema, knownKeysAt, type WrittenAccount } from "./accounts-schema.ts";
import { describeValue, problemsOf, type Problem } from "./problems.ts";
import { secretOf } from "./secret.ts";
import type { Environment } from "./settings.ts";

/** Reads a file; rejects or throws when it cannot. The mode is that of `fs.stat`. */
export type ReadFile = (path: string) => { readonly bytes: Uint8Array; readonly mode: number };

/** What a configuration file says. */
export interface AccountsFile {
  readonly accounts: readonly Account[];
  readonly redis?: string;
  /** Sentences about what is accepted but should be looked at. */
  readonly warnings: readonly string[];
}

/** Where the file's references lead. */
export interface FileContext {
  readonly env: Environment;
  readonly readFile: ReadFile;
}

/** The accounts of a configuration file, or everything that is wrong in it. */
export function parseAccountsFile(bytes: Uint8Array, context: FileContext): AccountsFile | { problems: Problem[] } {
  const written = parseYaml(bytes);
  if ("problems" in written) return written;
  const problems: Problem[] = [];
  const input = resolveReferences(written.value, { env: context.env, path: "", problems });
  const parsed = accountsFileSchema.safeParse(input);
  if (!parsed.success) problems.push(...problemsOf(parsed.error.issues, input, knownKeysAt));
  if (!parsed.success || problems.length > 0) return { problems };

  const warnings: string[] = [];
  const accounts = parsed.data.accounts.map((account, index) => {
    const path = `accounts[${index}]`;
    return toAccount(account, readSecret(account, { ...context, path, problems, warnings }));
  });
  problems.push(...duplicatesIn(accounts));
  if (problems.length > 0) return { problems };
  return {
    accounts,
    ...(parsed.data.redis && { redis: parsed.data.redis }),
    warnings: [...warnings, ...sharedSecretsIn(accounts)],
  };
}

function parseYaml(bytes: Uint8Array): { value: unknown } | { problems: Problem[] } {
  const refuse = (expected: string, got: string): { problems: Problem[] } => ({
    problems: [{ path: "the file", expected, got }],
  });
  if (bytes.byteLength > 32 * 1024 * 1024) return refuse("at most 32 MiB", `${bytes.byteLength} bytes`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return refuse("text in UTF-8", "other bytes");
  }
  if (text.trim() === "") return refuse("accounts", "an empty file");
  const document = parseDocument(text, { strict: true, uniqueKeys: true });
  const [fault] = [...document.errors, ...document.warnings];
  // The parser's own message may quote the file, secrets included: only the place is passed on.
  if (fault) {
    const place = fault.linePos?.[0];
    return refuse("YAML without duplicate keys or tags", `a fault in line ${place?.line}, column ${place?.col}`);
  }
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) as unknown };
  } catch {
    return refuse("YAML with at most 100 aliases", "more");
  }
}

const REFERENCE = /\$\{([^}]*)\}/g;

/** Replaces `${NAME}` in every text of the file by the environment's value. */
function resolveReferences(value: unknown, context: { env: Environment; path: string; problems: Problem[] }): unknown {
  if (typeof value === "string") {
    return value.replaceAll(REFERENCE, (_reference, name: string) => {
      const found = context.env[name];
      if (found) return found;
      const expected = `the environment variable ${JSON.stringify(name)} to be set`;
      context.problems.push({ path: context.path, expected, got: "nothing" });
      return "unresolved";
    });
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => resolveReferences(item, { ...context, path: `${context.path}[${index}]` }));
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => {
    const path = context.path ? `${context.path}.${key}` : key;
    return [key, resolveReferences(item, { ...context, path })];
  });
  return Object.fromEntries(entries) as unknown;
}

const SECRET_EXPECTED = "an AppSecret of 32 letters or digits";

function readSecret(
  account: WrittenAccount,
  context: FileContext & { path: string; problems: Problem[]; warnings: string[] },
): string {
  const { path, problems, warnings } = context;
  if ((account.secret === undefined) === (account.secretFile === undefined)) {
    const got = account.secret === undefined ? "neither" : "both";
    problems.push({ path, expected: "either secret or secretFile", got });
    return "";
  }
  const place = account.secretFile === undefined ? `${path}.secret` : `${path}.secretFile`;
  let secret = account.secret ?? "";
  if (account.secretFile !== undefined) {
    try {
      const { bytes, mode } = context.readFile(account.secretFile);
      if ((mode & 0o077) !== 0) warnings.push(`${place}: others may read this file; set its mode to 0400`);
      secret = new TextDecoder().decode(bytes).trim();
    } catch {
      problems.push({ path: place, expected: "a file that can be read", got: JSON.stringify(account.secretFile) });
      return "";
    }
  }
  if (!/^[0-9A-Za-z]{32}$/.test(secret)) {
    problems.push({ path: place, expected: SECRET_EXPECTED, got: describeValue("secret", secret) });
  }
  return secret;
}

function toAccount(written: WrittenAccount, secret: string): Account {
  const tickets = [...new Set(written.tickets)].map((type): CredentialKind => TICKET_KINDS[type]);
  return {
    id: written.appId,
    name: written.name ?? written.appId,
    type: written.type,
    secret: secretOf(secret),
    token: written.token,
    fallback: written.fallback,
    sandbox: written.sandbox,
    ...(written.refreshEvery !== undefined && { refreshEvery: written.refreshEvery }),
    kinds: ["access_token", ...tickets],
  };
}

/** Ids and names live in one map for apps, so no name may be another account's name or id. */
function duplicatesIn(accounts: readonly Account[]): Problem[] {
  const owners = new Map<string, number>();
  return accounts.flatMap((account, index) => {
    const words = new Set([account.id.toLowerCase(), account.name.toLowerCase()]);
    return [...words].flatMap((word): Problem[] => {
      const first = owners.get(word);
      owners.set(word, first ?? index);
      if (first === undefined || first === index) return [];
      const expected = "an appId and a name that no other account has";
      return [{ path: `accounts[${index}]`, expected, got: `${JSON.stringify(word)}, as in accounts[${first}]` }];
    });
  });
}

function sharedSecretsIn(accounts: readonly Account[]): string[] {
  const owners = new Map<string, string>();
  return accounts.flatMap((account) => {
    const key = fingerprint(account.secret.reveal());
    const owner = owners.get(key);
    owners.set(key, owner ?? account.name);
    return owner === undefined ? [] : [`${account.name} has the same secret as ${owner}; every account has its own`];
  });
}
