// The data of a Redis in memory: hashes with an end, and the memory of what they were, so that writes can be lost.

/** Hashes by key. Everything happens at once; values are texts, as in Redis. */
export interface Keyspace {
  /** Redis TIME, epoch ms. */
  now(): number;
  get(key: string, field: string): string | undefined;
  all(key: string): Readonly<Record<string, string>>;
  set(key: string, fields: Readonly<Record<string, string | number>>): void;
  remove(key: string, fields: readonly string[]): void;
  drop(key: string): void;
  expireAt(key: string, instant: number): void;
  /** Remaining life as PTTL gives it: -1 without an end, -2 without a key. */
  ttl(key: string): number;
  /** Loses every write of the last `ms`. */
  rollback(ms: number): void;
  flush(): void;
}

interface Hash {
  readonly fields: Readonly<Record<string, string>>;
  readonly endsAt?: number;
}

const UNDO_MS = 5_000;

/** @param now whole ms */
export function createKeyspace(now: () => number): Keyspace {
  let hashes = new Map<string, Hash>();
  let undo: { readonly at: number; readonly key: string; readonly before: Hash | undefined }[] = [];

  function find(key: string): Hash | undefined {
    const hash = hashes.get(key);
    return hash && (hash.endsAt ?? Number.POSITIVE_INFINITY) > now() ? hash : undefined;
  }

  function put(key: string, hash: Hash | undefined): void {
    if (undo.length > 2_000) undo = undo.filter(({ at }) => at > now() - UNDO_MS);
    undo.push({ at: now(), key, before: hashes.get(key) });
    if (hash && Object.keys(hash.fields).length > 0) hashes.set(key, hash);
    else hashes.delete(key);
  }

  return {
    now,
    get: (key, field) => find(key)?.fields[field],
    all: (key) => find(key)?.fields ?? {},
    set(key, fields) {
      const texts = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
      put(key, { ...find(key), fields: { ...find(key)?.fields, ...texts } });
    },
    remove(key, names) {
      const hash = find(key);
      if (!hash || !names.some((name) => name in hash.fields)) return;
      put(key, {
        ...hash,
        fields: Object.fromEntries(Object.entries(hash.fields).filter(([name]) => !names.includes(name))),
      });
    },
    drop: (key) => put(key, undefined),
    expireAt(key, instant) {
      const hash = find(key);
      if (hash) put(key, { ...hash, endsAt: instant });
    },
    ttl(key) {
      const hash = find(key);
      return hash ? (hash.endsAt === undefined ? -1 : hash.endsAt - now()) : -2;
    },
    rollback(ms) {
      const lost = undo.filter(({ at }) => at > now() - ms);
      undo = undo.filter(({ at }) => at <= now() - ms);
      for (const { key, before } of lost.toReversed()) {
        if (before) hashes.set(key, before);
        else hashes.delete(key);
      }
    },
    flush() {
      hashes = new Map();
      undo = [];
    },
  };
}
