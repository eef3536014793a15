import { credentialId, type CredentialRef } from "./credential.ts";
import { TokenUnavailableError } from "./errors.ts";
import type { Reports } from "./reports.ts";
import type { Rotations } from "./rotations.ts";
import type { ReadRecord, RecordStore } from "./store.ts";
import type { Clock } from "./time.ts";

/** How long the reader trusts, waits and keeps away from the end. All in ms. */
export interface ReaderTimes {
  /** A value is served from memory this long before Redis is asked again. */
  readonly cacheMs: number;
  /** How long a read waits for a value that is missing, and a refused call for a newer one. */
  readonly waitMs: number;
  /** A value is not served in the last moment of its life: it might end on the way to WeChat. */
  readonly endMarginMs: number;
  /** How often a waiting read looks again, in case the hint is lost. */
  readonly pollMs: number;
  /** While Redis does not answer, a valid value is served from memory this long before it is asked again. */
  readonly retryMs: number;
}

/** Reads credentials: memory first, then Redis, then waiting for the worker. */
export interface Reader {
  /** @throws TokenUnavailableError */
  read(credential: CredentialRef): Promise<string>;
  /** What Redis holds now, past the memory: a value other than `refused`, or `undefined`. */
  reread(credential: CredentialRef, refused: string): Promise<string | undefined>;
  /** The first value that is not `refused`, or `undefined` when none comes within `waitMs`. */
  awaitOther(credential: CredentialRef, refused: string): Promise<string | undefined>;
}

interface Entry {
  readonly record: ReadRecord;
  /** Monotonic ms. */
  readonly validUntil: number;
  readonly trustedUntil: number;
}

/** What the reader works with. */
export interface ReaderDeps {
  readonly store: RecordStore;
  readonly rotations: Rotations;
  readonly reports: Reports;
  readonly clock: Clock;
  readonly times: ReaderTimes;
}

/** Validity is kept on the monotonic clock, so that a wall clock that jumps cannot make an ended value live. */
export function createReader({ store, rotations, reports, clock, times }: ReaderDeps): Reader {
  const memory = new Map<string, Entry>();
  const inFlight = new Map<string, Promise<ReadRecord | undefined>>();
  const overtaken = new Set<string>();

  rotations.listen((id) => {
    // A hint that comes while Redis is being read may be about a newer value than the one just read.
    if (inFlight.has(id)) overtaken.add(id);
    const entry = memory.get(id);
    if (entry) memory.set(id, { ...entry, trustedUntil: 0 });
  });

  function fromMemory(id: string, trust: "fresh" | "valid"): string | undefined {
    const entry = memory.get(id);
    if (!entry) return undefined;
    return clock.monotonic() < (trust === "fresh" ? entry.trustedUntil : entry.validUntil)
      ? entry.record.value
      : undefined;
  }

  async function load(credential: CredentialRef): Promise<ReadRecord | undefined> {
    const id = credentialId(credential);
    const startedAt = clock.monotonic();
    const record = await store.read(credential);
    if (!record) return undefined;
    const validUntil = startedAt + record.remainingMs - times.endMarginMs;
    const trustedUntil = overtaken.has(id) ? 0 : Math.min(startedAt + times.cacheMs, validUntil);
    memory.set(id, { record, validUntil, trustedUntil });
    return validUntil > clock.monotonic() ? record : undefined;
  }

  function loadOnce(credential: CredentialRef): Promise<ReadRecord | undefined> {
    const id = credentialId(credential);
    const running = inFlight.get(id);
    if (running) return running;
    const loading = load(credential).finally(() => {
      inFlight.delete(id);
      overtaken.delete(id);
    });
    inFlight.set(id, loading);
    return loading;
  }

  /** Looks at Redis at every hint and every poll until a value other than `refused` is there. */
  async function awaitValue(credential: CredentialRef, refused?: string): Promise<string | undefined> {
    const id = credentialId(credential);
    const deadline = clock.monotonic() + times.waitMs;
    while (true) {
      const hint = nextHint(id, Math.min(times.pollMs, Math.max(0, deadline - clock.monotonic())));
      const record = await loadOnce(credential).catch(() => undefined);
      if (record && record.value !== refused) {
        hint.cancel();
        return record.value;
      }
      if (clock.monotonic() >= deadline) {
        hint.cancel();
        return undefined;
      }
      await hint.came;
    }
  }

  function nextHint(id: string, atMostMs: number): { came: Promise<void>; cancel: () => void } {
    const over = new AbortController();
    const stop = rotations.listen((hinted) => hinted === id && over.abort());
    return { came: clock.sleep(atMostMs, over.signal).finally(stop), cancel: () => over.abort() };
  }

  return {
    async read(credential) {
      const id = credentialId(credential);
      const cached = fromMemory(id, "fresh");
      if (cached !== undefined) return cached;
      try {
        const record = await loadOnce(credential);
        if (record) return record.value;
      } catch {
        const entry = memory.get(id);
        const now = clock.monotonic();
        if (entry === undefined || now >= entry.validUntil) {
          throw new TokenUnavailableError({ ...credential, reason: "redis_unreachable" });
        }
        memory.set(id, { ...entry, trustedUntil: Math.min(now + times.retryMs, entry.validUntil) });
        return entry.record.value;
      }
      // A record that vanished does not take a value away that is still good.
      const valid = fromMemory(id, "valid");
      if (valid !== undefined) return valid;
      await reports.tell(credential);
      const awaited = await awaitValue(credential);
      if (awaited === undefined) throw new TokenUnavailableError({ ...credential, reason: "missing" });
      return awaited;
    },

    async reread(credential, refused) {
      const record = await loadOnce(credential).catch(() => undefined);
      return record?.value === refused ? undefined : record?.value;
    },

    awaitOther: (credential, refused) => awaitValue(credential, refused),
  };
}
