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

/** What telling needs. Durations in ms. */
export interface ReportsDeps {
  readonly redis: Redis;
  readonly clock: Clock;
  /** How long one answer of Redis may take. */
  readonly deadlineMs: number;
  /** The same is told again after this long. */
  readonly repeatMs: number;
}

const REPORTS_KEPT = 10_000;

/** Reports and demands through the stream. */
export function createReports({ redis, clock, deadlineMs, repeatMs }: ReportsDeps): Reports {
  const told = new Map<string, { readonly fp?: string; readonly until: number }>();

  return {
    async tell({ account, kind, fp }) {
      const id = credentialId({ account, kind });
      const last = told.get(id);
      if (last && last.fp === fp && clock.monotonic() < last.until) return;
      told.set(id, { ...(fp !== undefined && { fp }), until: clock.monotonic() + repeatMs });
      const fields = ["account", account, "kind", kind, ...(fp === undefined ? [] : ["fp", fp])];
      try {
        await within(redis.xadd(REPORTS_KEY, "MAXLEN", "~", REPORTS_KEPT, "*", ...fields), deadlineMs);
      } catch {
        told.delete(id);
      }
    },
  };
}
