// Which fetches are under way, and whether two of one credential ever were at a time.
import { credentialId, type CredentialRef } from "@tokenkeeper/shared/contract";
import type { Process } from "./process.ts";
import type { Timeline } from "./timeline.ts";

/** One fetch. */
export interface Flight {
  executed(): void;
  /** The client has its answer, or has given up. */
  end(): void;
}

/** All fetches of a run. */
export interface Flights {
  start(process: Process, credential: CredentialRef): Flight;
  /** Accounts for which the process has a fetch under way. */
  of(process: Process): CredentialRef[];
  /** How many were sent, and executed by WeChat, for a credential. */
  sent(credential: CredentialRef): number;
  executed(credential: CredentialRef): number;
}

interface Entry {
  readonly process: Process;
  readonly credential: CredentialRef;
  readonly sentAt: number;
}

/**
 * @param lastLossAt when Redis last lost data: with them the lease may be gone, and a second fetch is no fault of ours.
 * @param overlap is told of two fetches at a time that nothing excuses.
 */
export function createFlights(deps: {
  timeline: Timeline;
  leaseMs: number;
  lastLossAt: () => number;
  overlap: (credential: CredentialRef) => void;
}): Flights {
  const open = new Set<Entry>();
  const sent = new Map<string, number>();
  const executed = new Map<string, number>();

  /** Its client is dead or was stopped, or Redis has forgotten the lease. */
  function isOrphan({ process, sentAt }: Entry): boolean {
    return !process.isAlive() || process.wasPausedSince(sentAt) || deps.lastLossAt() > sentAt - deps.leaseMs;
  }

  return {
    start(process, credential) {
      const id = credentialId(credential);
      const others = [...open].filter((entry) => credentialId(entry.credential) === id && !isOrphan(entry));
      if (others.length > 0) deps.overlap(credential);
      const entry: Entry = { process, credential, sentAt: deps.timeline.now() };
      open.add(entry);
      sent.set(id, (sent.get(id) ?? 0) + 1);
      return {
        executed: () => void executed.set(id, (executed.get(id) ?? 0) + 1),
        end: () => void open.delete(entry),
      };
    },
    of: (process) => [...open].filter((entry) => entry.process === process).map(({ credential }) => credential),
    sent: (credential) => sent.get(credentialId(credential)) ?? 0,
    executed: (credential) => executed.get(credentialId(credential)) ?? 0,
  };
}
