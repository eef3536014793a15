import { createHash } from "node:crypto";
import { z } from "zod";
import { factsSchema, subjectSchema, type Incident } from "./incident.ts";
import { RULE_NAMES, SEVERITIES, type Rule } from "./rules.ts";

/** So many subjects stand in one message; of the others the number. */
export const SHOWN = 10;

const entrySchema = z.strictObject({
  /** Of the incident. */
  key: z.string().max(256),
  subject: subjectSchema.optional(),
  since: z.number(),
  /** When it was over. */
  endedAt: z.number().optional(),
  gone: z.literal(true).optional(),
  /** Of an end: the message that told the begin. */
  openedIn: z.string().max(128).optional(),
  facts: factsSchema,
});

/** What a job on `alerts` carries, and nothing else: job data is clear text on the board. No URL, no secret. */
const alertJobSchema = z.strictObject({
  /** Name of the receiver in the file of alerts. */
  receiver: z.string().max(64),
  rule: z.enum(RULE_NAMES as [Rule, ...Rule[]]),
  severity: z.enum(SEVERITIES),
  transition: z.enum(["opened", "recovered"]),
  batch: z.string().max(128),
  /** When it was found, epoch ms. */
  at: z.number(),
  /** How many incidents there are in all. */
  count: z.number(),
  incidents: z.array(entrySchema).min(1).max(SHOWN),
});

/** See `alertJobSchema`. */
export type AlertJob = z.output<typeof alertJobSchema>;

/** One incident in a message. */
export type AlertEntry = AlertJob["incidents"][number];

/** The data of a job, or `undefined` when it is not what we put there. */
export function parseAlertJob(data: unknown): AlertJob | undefined {
  return alertJobSchema.safeParse(data).data;
}

/** An incident as a message tells it. */
export function entryOf(key: string, { subject, since, facts, opened, ended }: Incident, isEnd: boolean): AlertEntry {
  return {
    key,
    ...(subject && { subject }),
    since,
    facts,
    ...(isEnd && ended && { endedAt: ended.at, ...(ended.gone && { gone: true as const }) }),
    ...(isEnd && opened && { openedIn: opened.batch }),
  };
}

/** The same message to the same receiver has the same id, whichever process enqueues it. */
export function alertJobId(batch: string, receiver: string): string {
  return `${batch}-${createHash("sha256").update(receiver).digest("hex").slice(0, 8)}`;
}

/** The name of a job, by which people recognise it on the board. */
export function alertJobName({ rule, receiver, count, incidents }: AlertJob): string {
  const [first] = incidents;
  const what = count === 1 && first?.subject ? `${first.subject.name} · ${first.subject.kind} · ` : "";
  return `${rule} · ${what}${count > 1 ? `${count} · ` : ""}${receiver}`;
}
