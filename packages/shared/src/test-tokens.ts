import { createAccountNames } from "./account-names.ts";
import { APP_ID_PATTERN, credentialId, type CredentialKind, type CredentialRef } from "./credential.ts";
import { TokenClientUsageError } from "./errors.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { fingerprint } from "./fingerprint.ts";
import type { TokenMetrics } from "./metrics.ts";
import { readerTimes } from "./reader-times.ts";
import { createReports, type Report } from "./reports.ts";
import type { RotationListener } from "./rotations.ts";
import type { ReadRecord } from "./store.ts";
import { HOUR } from "./time.ts";
import { assembleTokenClient, type TokenClient } from "./token-client.ts";

/** Settings of tokens for tests. */
export interface TestTokensOptions {
  /** Names and their appids. A name that is first used with `set` gets an appid by itself. */
  readonly accounts?: Readonly<Record<string, string>>;
  /** How long a read waits for a missing value, and `withToken` for a newer one, in ms of `clock`. @default 0: not at all */
  readonly waitMs?: number;
  readonly metrics?: TokenMetrics;
  readonly clock?: FakeClock;
}

/** A value for a test. */
export interface TestValue {
  /** @default a new one each time */
  readonly value?: string;
  /** @default "access_token" */
  readonly kind?: CredentialKind;
  /** How long the value lives, ms. @default two hours */
  readonly lifeMs?: number;
}

/** A token client without Redis, and the strings to pull. */
export interface TestTokens {
  /** For the code under test. It is the real client over values in memory: caching, waiting, retries, events and errors are the same. */
  readonly tokens: TokenClient;
  readonly clock: FakeClock;
  /** What the client told the worker: reports have `fp`, demands for a missing value have not. Oldest first. */
  readonly reports: readonly Report[];
  /** Stores a value without a hint: a client that remembers another one learns it when its memory runs out. @returns the value */
  readonly set: (account: string, value?: TestValue) => string;
  /** Stores a value and sends the hint, as a worker does. @returns the value */
  readonly rotate: (account: string, value?: TestValue) => string;
  /** Ends the life of a value, in the client's memory too. */
  readonly expire: (account: string, kind?: CredentialKind) => void;
  /** Takes a record away, as an emptied Redis does; what the client remembers stays valid. */
  readonly remove: (account: string, kind?: CredentialKind) => void;
  /** `false` takes Redis away, `true` brings it back. */
  readonly setAvailable: (available: boolean) => void;
}

/**
 * Makes a token client for an app's own tests. Nothing is known or stored at first.
 * @throws TokenClientUsageError when one of `accounts` is no appid.
 */
export function createTestTokens(options: TestTokensOptions = {}): TestTokens {
  const { waitMs = 0, metrics, clock = createFakeClock() } = options;
  const ids = new Map(Object.entries(options.accounts ?? {}));
  const records = new Map<string, Omit<ReadRecord, "remainingMs">>();
  const listeners = new Set<RotationListener>();
  const reports: Report[] = [];
  let available = true;
  let issued = 0;
  for (const [name, id] of ids) {
    if (!APP_ID_PATTERN.test(id))
      throw new TokenClientUsageError(`accounts.${name}: expected wx and 16 letters or digits`);
  }

  async function answer<T>(what: () => T): Promise<T> {
    if (!available) throw new Error("Redis was made unavailable");
    return what();
  }

  const times = readerTimes({ waitMs });
  const tokens = assembleTokenClient({
    store: {
      read: (credential) =>
        answer(() => {
          const record = records.get(credentialId(credential));
          return record && { ...record, remainingMs: record.expiresAt - clock.now() };
        }),
      accountId: (idOrName) => answer(() => idOf(idOrName)),
    },
    accounts: createAccountNames({
      find: (idOrName) => answer(() => idOf(idOrName)),
      clock,
      trustMs: times.cacheMs,
      retryMs: times.retryMs,
    }),
    rotations: {
      listen(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      close: () => listeners.clear(),
    },
    reports: createReports({
      send: (report) => answer(() => reports.push(report)),
      clock,
      repeatMs: waitMs,
    }),
    clock,
    times,
    ...(metrics && { metrics }),
    close() {},
  });

  function idOf(idOrName: string): string | undefined {
    return APP_ID_PATTERN.test(idOrName) ? idOrName : ids.get(idOrName);
  }

  function credentialOf(account: string, kind: CredentialKind = "access_token"): CredentialRef {
    const id = idOf(account) ?? `wx${String(ids.size + 1).padStart(16, "0")}`;
    if (id !== account) ids.set(account, id);
    return { account: id, kind };
  }

  function store(credential: CredentialRef, { value, lifeMs = 2 * HOUR }: TestValue): string {
    issued += 1;
    const stored = value ?? `test-${credential.kind}-${issued}`;
    const issuedAt = clock.now();
    records.set(credentialId(credential), {
      value: stored,
      issuedAt,
      expiresAt: issuedAt + lifeMs,
      version: String(issuedAt + issued),
    });
    return stored;
  }

  const hint = (credential: CredentialRef): void => {
    const id = credentialId(credential);
    const record = records.get(id);
    for (const listener of listeners) listener(id, record && fingerprint(record.value));
  };

  return {
    tokens,
    clock,
    reports,

    set: (account, value = {}) => store(credentialOf(account, value.kind), value),

    rotate(account, value = {}) {
      const credential = credentialOf(account, value.kind);
      const stored = store(credential, value);
      hint(credential);
      return stored;
    },

    expire(account, kind) {
      const credential = credentialOf(account, kind);
      const record = records.get(credentialId(credential));
      if (record) records.set(credentialId(credential), { ...record, expiresAt: clock.now() });
      hint(credential);
    },

    remove: (account, kind) => void records.delete(credentialId(credentialOf(account, kind))),

    setAvailable(next) {
      available = next;
    },
  };
}
