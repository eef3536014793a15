import { parseRefreshJob } from "@tokenkeeper/core";
import { credentialId, type CredentialRef } from "@tokenkeeper/shared/contract";
import type { Job, Queue } from "bullmq";
import { answered } from "./data.ts";
import type { HistoryEntry } from "./row.ts";

/** What ended of late, by credential, kept in this process so that no page view reads the whole history of the queue. */
export interface History {
  /**
   * Reads what ended since the last time; the first time, everything that the queue keeps (about a second for 20,000 jobs).
   * Calls at the same time are one. Rejects with UnavailableError while Redis does not answer.
   */
  update(): Promise<void>;
  /** Of one credential, the newest first. */
  of(credential: CredentialRef): HistoryEntry[];
}

const STATES = ["completed", "failed"] as const;
const PAGE = 500;
/** So much is on a credential's page. */
const SHOWN = 100;

/**
 * @param queue the queue `refresh`
 * @param kept entries in all: as many as the queue itself keeps, so that memory is bounded
 */
export function createHistory(queue: Queue, kept = 25_000): History {
  /** By job id, the oldest first. */
  const entries = new Map<string, { readonly id: string; readonly entry: HistoryEntry }>();
  const byCredential = new Map<string, Set<string>>();
  const newest = { completed: 0, failed: 0 };
  let updating: Promise<void> | undefined;

  function forget(job: string): void {
    const known = entries.get(job);
    if (!known) return;
    entries.delete(job);
    byCredential.get(known.id)?.delete(job);
  }

  function remember(id: string, entry: HistoryEntry): void {
    // A re-run ends under the same id: it is the newest now.
    forget(entry.job);
    entries.set(entry.job, { id, entry });
    const jobs = byCredential.get(id) ?? new Set();
    byCredential.set(id, jobs.add(entry.job));
    for (const [oldest] of entries) {
      if (entries.size <= kept) break;
      forget(oldest);
    }
  }

  /** The jobs of a state that ended since, the newest first. */
  async function endedSince(state: (typeof STATES)[number]): Promise<Job[]> {
    const found: Job[] = [];
    const since = newest[state];
    // Between two looks little has ended; what is read is more each time that it was not enough.
    let size = since === 0 ? PAGE : 16;
    for (let start = 0; start < kept; start += size, size = Math.min(PAGE, size * 2)) {
      const page = await queue.getJobs([state], start, start + size - 1, false);
      // One that was removed meanwhile leaves a gap.
      const fresh = page.filter(Boolean).filter(({ finishedOn = 0 }) => finishedOn >= since);
      found.push(...fresh);
      if (page.length < size || fresh.length < page.filter(Boolean).length) break;
    }
    newest[state] = Math.max(since, found[0]?.finishedOn ?? 0);
    return found;
  }

  async function read(): Promise<void> {
    const ended = (await Promise.all(STATES.map((state) => endedSince(state)))).flat();
    for (const job of ended.toSorted((one, other) => (one.finishedOn ?? 0) - (other.finishedOn ?? 0))) {
      const data = parseRefreshJob(job.data);
      const entry = data && entryOf(job, data.reason);
      if (entry) remember(credentialId(data), entry);
    }
  }

  return {
    update() {
      updating ??= answered(read).finally(() => (updating = undefined));
      return updating;
    },
    of(credential) {
      const jobs = [...(byCredential.get(credentialId(credential)) ?? [])].slice(-SHOWN);
      return jobs.toReversed().flatMap((job) => entries.get(job)?.entry ?? []);
    },
  };
}

/** A job as an entry; what of it is not of our form is left out. */
function entryOf(job: Job, trigger: string): HistoryEntry | undefined {
  const { id, finishedOn, processedOn, failedReason } = job;
  if (id === undefined || finishedOn === undefined) return undefined;
  const common = {
    job: id,
    at: finishedOn,
    trigger,
    ...(processedOn !== undefined && { durationMs: Math.max(0, finishedOn - processedOn) }),
  };
  if (failedReason) return { ...common, outcome: "failed", failure: readFailure(failedReason) };
  const result = (job.returnvalue ?? {}) as Record<string, unknown>;
  const expiresAt = Date.parse(String(result["expiresAt"]));
  return {
    ...common,
    outcome: textOf(result["outcome"]) ?? "?",
    ...(textOf(result["reason"]) && { reason: String(result["reason"]) }),
    ...(typeof result["unchanged"] === "boolean" && { unchanged: result["unchanged"] }),
    ...(textOf(result["fingerprint"]) && { fingerprint: String(result["fingerprint"]) }),
    ...(Number.isFinite(expiresAt) && { expiresAt }),
  };
}

/** Our failures are `facts | 中文 | English`; one of BullMQ's own is one text. */
export function readFailure(reason: string): NonNullable<HistoryEntry["failure"]> {
  const [facts = "", zh, en] = reason.split(" | ");
  return zh === undefined || en === undefined
    ? { facts: "", text: { en: reason, zh: reason } }
    : { facts, text: { en, zh } };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && /^[\w ]{1,64}$/.test(value) ? value : undefined;
}
