import { z } from "zod";

/**
 * What a report came to. `confirmed`: WeChat refuses the value, a refresh follows. `foreign`: so it does, and another system
 * fetched. `accepted_by_wechat`: WeChat takes the value. `stale`: another value is stored already. `absent`: none
 * is stored, it is fetched. `too_soon`, `budget`: it was
 * refused, but reports about the credential counted a moment ago, or too often today. `inconclusive`: WeChat or the leader could
 * not be asked. `passed_on`, `denied`: the leader judges it, or does not take reports of this key.
 */
export const REPORT_RESULTS = [
  "confirmed",
  "foreign",
  "accepted_by_wechat",
  "stale",
  "absent",
  "too_soon",
  "budget",
  "inconclusive",
  "passed_on",
  "denied",
] as const;

/** One of `REPORT_RESULTS`. */
export type ReportResult = (typeof REPORT_RESULTS)[number];

/** In the place of the name of an app that gave none; no name has this form. */
export const UNNAMED_REPORTER = "-";

/** The worker's own name among the reporters: it reports what it meets itself. */
export const WORKER_REPORTER = "tokenkeeper";

/** What `wx:reporters:…` holds of one app. */
export interface ReporterEntry {
  /** When it first and last reported the credential, epoch ms by Redis time. */
  readonly since: number;
  readonly at: number;
  /** How often in that time. */
  readonly times: number;
  /** What the last report came to. */
  readonly result: ReportResult;
}

const count = z.int().min(0);
const entrySchema = z.object({ since: count, at: count, times: count, result: z.enum(REPORT_RESULTS) });

/** Reads an entry of `wx:reporters:…`; `undefined` when it is not one. */
export function parseReporterEntry(json: string): ReporterEntry | undefined {
  try {
    return entrySchema.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}
