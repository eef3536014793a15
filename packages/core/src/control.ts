import { FAILURE_CLASSES, type FailureClass } from "./errcodes.ts";

/**
 * The fields of a credential's control hash (`wx:ctl:…`). The worker alone writes them, in its Lua scripts;
 * the dashboard reads them. Instants are epoch ms by Redis time.
 */
export const CONTROL_FIELDS = [
  "generation",
  "lease_attempt",
  "lease_until",
  "intent_generation",
  "intent_at",
  "committed_generation",
  "committed_attempt",
  "committed_at",
  "fingerprint",
  "value_since",
  "issued_at",
  "expires_at",
  "plan_at",
  "settle_due",
  "retry_at",
  "failures",
  "failing_since",
  "block_class",
  "block_code",
  "block_until",
  "block_secret",
  "block_ip",
  "block_rid",
  "reported",
  "reported_at",
  "reported_seen",
  "unknown_at",
  "foreign_at",
  "suspect",
  "forced_at",
  "forced_job",
  "failed_jobs",
  "last_attempt",
  "last_outcome",
  "last_reason",
  "last_code",
  "last_at",
  "last_duration_ms",
] as const;

/** What stands in the way of automatic refreshes. */
export interface Block {
  readonly class: FailureClass;
  readonly code: string;
  /** When it ends; absent for a permanent one. */
  readonly until?: number;
  /** What the failure belongs to: the fingerprint of the secret that failed, or for a used-up quota the endpoint. */
  readonly secret: string;
  /** The address that WeChat saw, when it is about the whitelist. */
  readonly ip?: string;
  /** WeChat's request id. */
  readonly rid?: string;
}

/** The control state of one credential. */
export interface Control {
  /** The newest generation that was ever begun; 0 before the first. */
  readonly generation: number;
  readonly lease?: { readonly attempt: string; readonly until: number };
  /** A fetch was started and its end is not known. */
  readonly intent?: { readonly generation: number; readonly at: number };
  readonly committedGeneration: number;
  readonly committedAt?: number;
  /** Fingerprint of the stored value. */
  readonly fingerprint?: string;
  /** When this value was first seen; a ticket that comes back unchanged keeps it. */
  readonly valueSince?: number;
  readonly issuedAt?: number;
  readonly expiresAt?: number;
  /** When the next refresh is due. Its jitter was drawn once, at the commit. */
  readonly planAt?: number;
  readonly settleDue?: number;
  readonly retryAt?: number;
  /** Failures since the last commit. */
  readonly failures: number;
  readonly failingSince?: number;
  readonly block?: Block;
  /** When an outcome was last not known. */
  readonly unknownAt?: number;
  /** When another system was last seen to have fetched this credential. */
  readonly foreignAt?: number;
  /** Fingerprint of a value that WeChat refuses and yet returns: only a person can force another one. */
  readonly suspect?: string;
  /** The last fetch that a person forced: when it began, and by which job. */
  readonly forced?: { readonly at: number; readonly job: string };
  /** Jobs that ended as failed: one of them starting again is a person's re-run. */
  readonly failedJobs: readonly string[];
  /** Fingerprint of a value that WeChat was seen to refuse, and when that was confirmed. */
  readonly reported?: { readonly fingerprint: string; readonly at: number };
}

const POSITION = new Map<string, number>(CONTROL_FIELDS.map((field, at) => [field, at]));

/** The last instant that a date can hold, epoch ms; what is beyond it is no instant. */
const LAST_INSTANT = 8_640_000_000_000_000;

/** Reads the control hash as `HMGET` returned it, in the order of `CONTROL_FIELDS`. A field that is not of its form counts as absent. */
export function decodeControl(values: readonly (string | null)[]): Control {
  const text = (field: (typeof CONTROL_FIELDS)[number]): string | undefined => {
    const value = values[POSITION.get(field) ?? -1];
    return value ? value : undefined;
  };
  const number = (field: (typeof CONTROL_FIELDS)[number]): number | undefined => {
    const value = text(field) ?? "";
    return /^\d{1,16}$/.test(value) && Number(value) <= LAST_INSTANT ? Number(value) : undefined;
  };
  const lease = pair(text("lease_attempt"), number("lease_until"));
  const intent = pair(number("intent_generation"), number("intent_at"));
  const reported = pair(text("reported"), number("reported_at"));
  const forced = pair(number("forced_at"), text("forced_job"));
  const blockClass = FAILURE_CLASSES.find((name) => name === text("block_class"));
  const blockUntil = number("block_until");
  return {
    generation: number("generation") ?? 0,
    committedGeneration: number("committed_generation") ?? 0,
    failures: number("failures") ?? 0,
    failedJobs: text("failed_jobs")?.split(",") ?? [],
    ...(lease && { lease: { attempt: lease[0], until: lease[1] } }),
    ...(intent && { intent: { generation: intent[0], at: intent[1] } }),
    ...(reported && { reported: { fingerprint: reported[0], at: reported[1] } }),
    ...(forced && { forced: { at: forced[0], job: forced[1] } }),
    ...(blockClass && {
      block: {
        class: blockClass,
        code: text("block_code") ?? "",
        secret: text("block_secret") ?? "",
        ...present("until", blockUntil),
        ...present("ip", text("block_ip")),
        ...present("rid", text("block_rid")),
      },
    }),
    ...present("committedAt", number("committed_at")),
    ...present("fingerprint", text("fingerprint")),
    ...present("valueSince", number("value_since")),
    ...present("issuedAt", number("issued_at")),
    ...present("expiresAt", number("expires_at")),
    ...present("planAt", number("plan_at")),
    ...present("settleDue", number("settle_due")),
    ...present("retryAt", number("retry_at")),
    ...present("failingSince", number("failing_since")),
    ...present("unknownAt", number("unknown_at")),
    ...present("foreignAt", number("foreign_at")),
    ...present("suspect", text("suspect")),
  };
}

function pair<A, B>(first: A | undefined, second: B | undefined): [A, B] | undefined {
  return first === undefined || second === undefined ? undefined : [first, second];
}

function present<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]?: Value });
}
