import type { Redis } from "ioredis";
import { credentialId, type CredentialRef } from "./credential.ts";
import { within } from "./deadline.ts";
import { REPORTS_KEY } from "./keys.ts";
import type { Clock } from "./time.ts";

/** What an app tells the worker: a value is missing, or with `fp` that WeChat refused the value of this fingerprint. */
export interface Report extends CredentialRef {
  readonly fp?: string;
  /** Who says so, by `REPORTER_PATTERN`; a demand is anybody's. */
  readonly app?: string;
}

/** The name of an app or of an API key: up to 64 letters, digits, spaces and `. _ -`. */
export const REPORTER_PATTERN = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u;

/** The way from this process to the worker. */
export interface Reports {
  /**
   * Tells the worker, once for however many calls meet the same. Never rejects: an app that may not write to the
   * stream still gets its value, only later, because the sweep finds out by itself.
   * @returns whether it was taken.
   */
  tell(report: Report): Promise<boolean>;
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
  const told = new Map<string, { readonly fp: string | undefined; readonly until: number; sent: Promise<boolean> }>();

  return {
    async tell(report) {
      const { fp, app = "" } = report;
      const id = `${credentialId(report)} ${app}`;
      const last = told.get(id);
      if (last && last.fp === fp && clock.monotonic() < last.until) return last.sent;
      const sent = send(report).then(
        () => true,
        () => {
          told.delete(id);
          return false;
        },
      );
      told.set(id, { fp, until: clock.monotonic() + repeatMs, sent });
      return sent;
    },
  };
}

const REPORTS_KEPT = 10_000;

/**
 * Hands reports over through the stream.
 * @param deadlineMs how long one answer of Redis may take. @param reporter who reports, where a report does not say.
 */
export function sendToStream({
  redis,
  deadlineMs,
  reporter,
}: {
  redis: Redis;
  deadlineMs: number;
  reporter?: string | undefined;
}): ReportsDeps["send"] {
  return async ({ account, kind, fp, app = reporter }) => {
    const about = fp === undefined ? [] : ["fp", fp, ...(app === undefined ? [] : ["app", app])];
    const fields = ["account", account, "kind", kind, ...about];
    await within(redis.xadd(REPORTS_KEY, "MAXLEN", "~", REPORTS_KEPT, "*", ...fields), deadlineMs);
  };
}
