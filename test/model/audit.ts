// Watches what happens in Redis while a run goes on: what is committed, what stays unknown, what is taken away.
import { credentialId, recordKey, type CredentialRef } from "@tokenkeeper/shared/contract";
import type { MemoryStore } from "./memory-store.ts";
import type { Server } from "./server.ts";

/** One commit that was taken. */
export interface Committed {
  readonly id: string;
  readonly at: number;
  readonly sentAt: number;
  readonly reason: string;
}

/** An outcome that stayed unknown: a fetch that begins a minute after it or later has to be committed. */
interface Unknown {
  readonly id: string;
  readonly at: number;
  readonly losses: number;
}

/** The shortest time after which an unknown outcome may be settled. */
const SETTLE_MS = 60_000;
/** WeChat's overlap: it has to be settled before its end. */
const OVERLAP_MS = 300_000;

/** What was seen. */
export interface Audit {
  readonly store: MemoryStore;
  readonly committed: readonly Committed[];
  /** Reports that counted. */
  readonly confirmed: readonly string[];
  /** Unknown outcomes that were never settled, although Redis lost nothing since. */
  unsettled(): string[];
  /** Unknown outcomes that were settled when a value issued unseen could have ended the stored one. */
  settledTooLate(): string[];
  unknowns(id: string): number;
}

/** @param violate is told of what must never be. */
export function createAudit(server: Server, violate: (what: string) => void): Audit {
  const { store, keys } = server;
  const committed: Committed[] = [];
  const confirmed: string[] = [];
  const slow: Unknown[] = [];
  let open: Unknown[] = [];
  const counts = new Map<string, number>();

  function unknown(credential: CredentialRef, settleMs: number): void {
    if (settleMs <= 0) return;
    const id = credentialId(credential);
    counts.set(id, (counts.get(id) ?? 0) + 1);
    open.push({ id, at: keys.now(), losses: server.losses() });
  }

  const isSettled = ({ at }: Unknown, sentAt: number): boolean => sentAt >= at + SETTLE_MS;
  const isLate = ({ at, losses }: Unknown): boolean => losses === server.losses() && keys.now() > at + OVERLAP_MS;

  return {
    store: {
      ...store,
      beginIfDue(offer, wallClock) {
        const found = store.beginIfDue(offer, wallClock);
        if ((found.begun?.used ?? 0) > offer.cap) violate(`${credentialId(offer.credential)}: the budget was exceeded`);
        return found;
      },
      begin(input) {
        const begun = store.begin(input);
        if (begun.type !== "begun") return begun;
        if (begun.used > input.cap) violate(`${credentialId(input.credential)}: the budget was exceeded`);
        if (input.state.control.intent) unknown(input.credential, input.settleMs);
        return begun;
      },
      commit(input) {
        const id = credentialId(input.credential);
        const before = keys.get(recordKey(input.credential), "version");
        const result = store.commit(input);
        if (result === "fenced") unknown(input.credential, input.settleMs);
        if (result !== "committed") return result;
        if (Number(before ?? 0) > Number(input.generation)) violate(`${id}: an older value replaced a newer one`);
        committed.push({ id, at: keys.now(), sentAt: input.sentAt, reason: input.reason });
        slow.push(...open.filter((entry) => entry.id === id && isSettled(entry, input.sentAt) && isLate(entry)));
        open = open.filter((entry) => entry.id !== id || !isSettled(entry, input.sentAt));
        return result;
      },
      fail(input) {
        const key = recordKey(input.credential);
        const before = keys.get(key, "value");
        const result = store.fail(input);
        if (keys.get(key, "value") !== before)
          violate(`${credentialId(input.credential)}: a failure took the value away`);
        if (result !== "already" && input.keepIntent) unknown(input.credential, input.settleMs);
        return result;
      },
      report(input) {
        const reply = store.report(input);
        if (reply === "confirmed" || reply === "foreign") confirmed.push(credentialId(input.credential));
        return reply;
      },
    },
    committed,
    confirmed,
    unsettled: () =>
      open
        .filter((entry) => entry.losses === server.losses() && entry.at < keys.now() - OVERLAP_MS)
        .map(({ id }) => id),
    settledTooLate: () => slow.map(({ id }) => id),
    unknowns: (id) => counts.get(id) ?? 0,
  };
}
