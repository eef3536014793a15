import type { Redis } from "ioredis";
import { credentialId, type CredentialRef } from "./credential.ts";
import { within } from "./deadline.ts";
import { REPORTS_KEY } from "./keys.ts";
import type { Clock } from "./time.ts";

/** What an app tells the worker: a value is missing, or with `fp` that WeChat refused the value of this fingerprint. */
export interface Report extends CredentialRef {
  readonly fp?: string;
}

/** The way from this process to the worker. */
export interface Reports {
  /**
   * Tells the worker, once for however many calls meet the same. Never rejects: an app that may not write to the
   * stream still gets its value, only later, because the sweep finds out by itself.
   */
  tell(report: Report): Promise<void>;
}

/** What telling needs. */
export interface ReportsDeps {
  /** Hands a report over. May reject. */
  readonly send: (report: Report) => Promise<unknown>;
  readonly clock: Clock;
  /** The same is told again after this long, ms. */
  readonly repeatMs: number;
}

export function createReports({ send, clock, repeatMs }: ReportsDeps): Reports {
  const told = new Map<string, { readonly fp?: string; readonly until: number }>();

  return {
    async tell({ account, kind, fp }) {
      const id = credentialId({ account, kind });
      const last = told.get(id);
      if (last && last.fp === fp && clock.monotonic() < last.until) return;
      const report = { account, kind, ...(fp !== undefined && { fp }) };
      told.set(id, { ...report, until: clock.monotonic() + repeatMs });
      await send(report).catch(() => told.delete(id));
    },
  };
}

const REPORTS_KEPT = 10_000;

/**
 * Hands reports over through the stream.
 * @param deadlineMs how long one answer of Redis may take.
 */
export function sendToStream({ redis, deadlineMs }: { redis: Redis; deadlineMs: number }): ReportsDeps["send"] {
  return async ({ account, kind, fp }) => {
    const fields = ["account", account, "kind", kind, ...(fp === undefined ? [] : ["fp", fp])];
    await within(redis.xadd(REPORTS_KEY, "MAXLEN", "~", REPORTS_KEPT, "*", ...fields), deadlineMs);
  };
}
