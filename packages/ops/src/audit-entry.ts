import { z } from "zod";
import { ROLES } from "./roles.ts";

/** What people do with the dashboard; each is audited before it is done. */
export const ACTS = [
  "retry_job",
  "retry_failed",
  "refresh",
  "rerun",
  "force",
  "reset_quota",
  "pause",
  "resume",
  "test_alert",
] as const;

/** Coming, going, and what was denied. */
export const ACCESSES = ["sign_in", "sign_out", "sign_out_everywhere", "denied", "foreign_header"] as const;

/** One of `ACTS`. */
export type Act = (typeof ACTS)[number];
/** One of `ACCESSES`. */
export type Access = (typeof ACCESSES)[number];

/**
 * What it came to. `done` and `failed`: it was carried out, it was not. `refused`: not allowed, or a wrong password.
 * `limited`: too many wrong passwords. `unknown`: nobody wrote down the end, as when the process ends in between.
 */
export const RESULTS = ["done", "failed", "refused", "limited", "unknown"] as const;

/** One of `RESULTS`. */
export type AuditResult = (typeof RESULTS)[number];

/** One line of the audit trail, as people see it. */
export interface AuditEntry {
  /** Id in its stream: `<epoch ms>-<number>`; unique together with the action. */
  readonly id: string;
  /** Epoch ms by Redis `TIME`. */
  readonly at: number;
  /** Empty when nobody of ours: a name that is not ours may be a password in the wrong field. */
  readonly user: string;
  readonly role: string;
  readonly action: Act | Access;
  /** The credential, account or job; for what was denied, method and path. */
  readonly target: string;
  readonly address: string;
  readonly result: AuditResult;
}

/** Longest text that is kept of a target, characters. */
export const TARGET_LENGTH = 200;

/** What a stream holds: an act that begins, or anything that is over at once. */
export const beginning = z.object({
  user: z.string(),
  role: z.union([z.enum(ROLES), z.literal("")]),
  action: z.enum([...ACTS, ...ACCESSES]),
  target: z.string(),
  address: z.string(),
  result: z.enum(RESULTS).default("unknown"),
});

/** What a stream holds: the end of an act that began as the entry `of`. */
export const ending = z.object({ of: z.string(), result: z.enum(RESULTS) });

/** The fields of an entry that begins. */
export type Beginning = z.output<typeof beginning>;
