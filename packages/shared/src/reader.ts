import { credentialId, credentialOf, type CredentialRef } from "./credential.ts";
import { TokenUnavailableError, type UnavailableReason } from "./errors.ts";
import type { StaleEvent } from "./events.ts";
import { createMemory, type Hint } from "./memory.ts";
import type { ReadSource } from "./metrics.ts";
import type { ReaderTimes } from "./reader-times.ts";
import type { Reports } from "./reports.ts";
import type { Rotations } from "./rotations.ts";
import type { ReadRecord, RecordStore } from "./store.ts";
import type { Clock } from "./time.ts";

/** Reads credentials: memory first, then Redis, then waiting for the worker. */
export interface Reader {
  /** Rejects with TokenUnavailableError. @param now monotonic ms, if it is known already */
  read(credential: CredentialRef, now?: number): Promise<string>;
  /** What Redis holds now, past the memory: a value other than `refused`, or `undefined`. */
  reread(credential: CredentialRef, refused: string): Promise<string | undefined>;
  /** The first value that is not `refused`, or `undefined` when none comes within `waitMs`. */
  awaitOther(credential: CredentialRef, refused: string): Promise<string | undefined>;
  /** Makes the next read ask Redis, if memory holds `refused`. */
  distrust(credential: CredentialRef, refused: string): void;
  /** How long the value in memory is served at most, whatever Redis does, ms. */
  leftMs(credential: CredentialRef): number;
}

/** Who is told of what reading comes to. */
export interface ReaderHooks {
  read?(credential: CredentialRef, source: ReadSource, result: "ok" | UnavailableReason): void;
  rotated?(credential: CredentialRef, version: string, lagMs: number): void;
  stale?(credential: CredentialRef, cause: StaleEvent["cause"]): void;
}

/** What the reader works with. */
export interface ReaderDeps {
  readonly store: RecordStore;
  readonly rotations: Rotations;
  readonly reports: Reports;
  readonly clock: Clock;
  readonly times: ReaderTimes;
  readonly hooks?: ReaderHooks;
}

/** Validity is kept on the monotonic clock, so that a wall clock that jumps cannot make an ended value live. */
export function createReader({ store, rotations, reports, clock, times, hooks = {} }: ReaderDeps): Reader {
  const memory = createMemory();
  const inFlight = new Map<string, Promise<ReadRecord | undefined>>();
  const overtaken = new Map<string, Hint>();

  rotations.listen((id, fp) => {
    const hint = { fp, replacedUntil: clock.monotonic() + times.replacedMs - times.endMarginMs };
    // A hint that comes while Redis is being read may be about a newer value than the one just read.
    if (inFlight.has(id)) overtaken.set(id, hint);
    memory.hear(credentialOf(id), hint);
  });

  async function load(credential: CredentialRef, id: string): Promise<ReadRecord | undefined> {
    const readAt = clock.monotonic();
    try {
      const record = await store.read(credential);
      if (!record) return undefined;
      const validUntil = readAt + record.remainingMs - times.endMarginMs;
      const trustedUntil = Math.min(readAt + times.cacheMs, validUntil);
      const lagMs = memory.keep(credential, record, { readAt, validUntil, trustedUntil });
      const hint = overtaken.get(id);
      if (hint) memory.hear(credential, hint);
      if (lagMs !== undefined) hooks.rotated?.(credential, record.version, lagMs);
      return validUntil > clock.monotonic() ? record : undefined;
    } finally {
      inFlight.delete(id);
      overtaken.delete(id);
    }
  }

  function loadOnce(credential: CredentialRef): Promise<ReadRecord | undefined> {
    const id = credentialId(credential);
    const running = inFlight.get(id);
    if (running) return running;
    const loading = load(credential, id);
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

  async function readPastMemory(credential: CredentialRef): Promise<string> {
    const record = await loadOnce(credential).catch((): "unreachable" => "unreachable");
    if (typeof record === "object") return told(credential, "redis", record.value);
    // Neither a Redis that is away nor a record that vanished takes a value away that is still good.
    const cause = record === undefined ? "missing" : "redis_unreachable";
    const valid = memory.valid(credential, clock.monotonic(), times.retryMs);
    if (valid !== undefined) {
      hooks.stale?.(credential, cause);
      return told(credential, "stale", valid);
    }
    if (cause === "redis_unreachable") return refuse(credential, "redis", cause);
    await reports.tell(credential);
    const awaited = await awaitValue(credential);
    return awaited === undefined ? refuse(credential, "awaited", "missing") : told(credential, "awaited", awaited);
  }

  function told(credential: CredentialRef, source: ReadSource, value: string): string {
    hooks.read?.(credential, source, "ok");
    return value;
  }

  function refuse(credential: CredentialRef, source: ReadSource, reason: UnavailableReason): never {
    hooks.read?.(credential, source, reason);
    throw new TokenUnavailableError({ ...credential, reason });
  }

  return {
    // Not `async`, and one look at the clock: that is most of what a read from memory costs.
    read(credential, now = clock.monotonic()) {
      const fresh = memory.fresh(credential, now);
      return fresh === undefined ? readPastMemory(credential) : Promise.resolve(told(credential, "memory", fresh));
    },

    async reread(credential, refused) {
      const record = await loadOnce(credential).catch(() => undefined);
      return record?.value === refused ? undefined : record?.value;
    },

    awaitOther: (credential, refused) => awaitValue(credential, refused),

    distrust: (credential, refused) => memory.distrust(credential, refused),

    leftMs: (credential) => Math.max(0, memory.validUntil(credential) - clock.monotonic()),
  };
}
