import { WORKER_REPORTER } from "@tokenkeeper/core";
import { CREDENTIAL_KINDS, REPORTER_PATTERN, REPORTS_KEY, type CredentialRef } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { z } from "zod";
import { guard } from "../store/run-script.ts";

/** What an app tells: a value is missing, or with `fp` that WeChat refused the value of this fingerprint. */
export interface AppMessage extends CredentialRef {
  readonly fp?: string;
  /** Who reports, when it gives its name. */
  readonly app?: string;
}

/** One entry of the stream; a message that is not of the contract has none. */
export interface StreamEntry {
  readonly id: string;
  readonly message?: AppMessage;
}

/** The stream of reports and demands, read by all workers as one group: each entry reaches one of them. */
export interface ReportStream {
  /** Waits up to `blockMs` for entries; entries of workers that died are taken over after `staleMs`. */
  next(options: { blockMs: number; staleMs: number }): Promise<StreamEntry[]>;
  done(ids: readonly string[]): Promise<void>;
  /** Adds a report of the worker's own. */
  tell(message: AppMessage): Promise<void>;
}

const GROUP = "workers";
const BATCH = 100;
const KEPT = 10_000;

const schema = z.object({
  account: z.string().max(64),
  kind: z.enum(CREDENTIAL_KINDS),
  fp: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  // A name that is none takes nothing away from the report.
  app: z.string().regex(REPORTER_PATTERN).optional().catch(undefined),
});

/**
 * @param reading a connection of its own: it blocks.
 * @param consumer this worker's name.
 */
export function createReportStream(reading: Redis, redis: Redis, consumer: string): ReportStream {
  async function ensureGroup(): Promise<void> {
    // From the beginning: a demand that came while there was no group is still waited for, an old one costs nothing.
    await redis.xgroup("CREATE", REPORTS_KEY, GROUP, "0", "MKSTREAM").catch((error: unknown) => {
      if (!(error instanceof Error) || !error.message.startsWith("BUSYGROUP")) throw error;
    });
  }

  async function read(blockMs: number): Promise<StreamEntry[]> {
    const reply: unknown = await reading.xreadgroup(
      "GROUP",
      GROUP,
      consumer,
      "COUNT",
      BATCH,
      "BLOCK",
      Math.max(1, Math.round(blockMs)),
      "STREAMS",
      REPORTS_KEY,
      ">",
    );
    return Array.isArray(reply) ? entriesOf(reply[0]?.[1]) : [];
  }

  async function takeOver(staleMs: number): Promise<StreamEntry[]> {
    const reply: unknown = await redis.xautoclaim(
      REPORTS_KEY,
      GROUP,
      consumer,
      Math.round(staleMs),
      "0",
      "COUNT",
      BATCH,
    );
    return Array.isArray(reply) ? entriesOf(reply[1]) : [];
  }

  return {
    next: ({ blockMs, staleMs }) =>
      guard(async () => {
        try {
          return [...(await takeOver(staleMs)), ...(await read(blockMs))];
        } catch (error) {
          // The group goes with the stream when Redis is flushed.
          if (!(error instanceof Error) || !error.message.startsWith("NOGROUP")) throw error;
          await ensureGroup();
          return [];
        }
      }),

    done: (ids) =>
      guard(async () => {
        if (ids.length > 0) await redis.xack(REPORTS_KEY, GROUP, ...ids);
      }),

    tell: ({ account, kind, fp }) =>
      guard(async () => {
        const fields = [
          "account",
          account,
          "kind",
          kind,
          ...(fp === undefined ? [] : ["fp", fp, "app", WORKER_REPORTER]),
        ];
        await redis.xadd(REPORTS_KEY, "MAXLEN", "~", KEPT, "*", ...fields);
      }),
  };
}

function entriesOf(entries: unknown): StreamEntry[] {
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown): StreamEntry[] => {
    const [id, fields] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof id !== "string") return [];
    const message = parseMessage(Array.isArray(fields) ? fields.map(String) : []);
    return [message ? { id, message } : { id }];
  });
}

function parseMessage(fields: readonly string[]): AppMessage | undefined {
  const pairs = fields.flatMap((name, index) => (index % 2 === 0 ? [[name, fields[index + 1]]] : []));
  const parsed = schema.safeParse(Object.fromEntries(pairs));
  if (!parsed.success) return undefined;
  const { account, kind, fp, app } = parsed.data;
  return { account, kind, ...(fp !== undefined && { fp }), ...(app !== undefined && { app }) };
}
