import { CREDENTIAL_KINDS, type CredentialKind } from "@tokenkeeper/shared/contract";
import { STATES } from "@tokenkeeper/ops";
import { z } from "zod";
import { RULE_NAMES, type Rule } from "./rules.ts";

/** What is wrong with Redis. `unreachable` is never in Redis: the dashboard tells it by itself. */
export const RISKS = ["policy", "memory", "persistence", "role", "unreachable"] as const;

/** One of `RISKS`. */
export type Risk = (typeof RISKS)[number];

/** What there is to say of an incident, as it was when last seen. Nothing secret, no text of a third party's. */
export const factsSchema = z.strictObject({
  state: z.enum(STATES).optional(),
  /** Whether apps have a value. */
  served: z.boolean().optional(),
  /** WeChat's errcode, or a word of ours. */
  code: z.string().max(32).optional(),
  /** The address that WeChat saw. */
  ip: z.string().max(45).optional(),
  /** WeChat's request id. */
  rid: z.string().max(64).optional(),
  /** When the value that apps have ends, epoch ms. */
  endsAt: z.number().optional(),
  /** When it goes on by itself, epoch ms. */
  until: z.number().optional(),
  /** How often today another system was seen to fetch. */
  foreign: z.number().optional(),
  /** Fetches of the day, and the cap on them. */
  used: z.number().optional(),
  cap: z.number().optional(),
  /** Job schedulers that stopped. */
  overdue: z.number().optional(),
  risks: z.array(z.enum(RISKS)).optional(),
});

/** See `factsSchema`. */
export type IncidentFacts = z.output<typeof factsSchema>;

/** The credential that an incident is about. */
export const subjectSchema = z.strictObject({
  account: z.string().max(64),
  name: z.string().max(64),
  kind: z.enum(CREDENTIAL_KINDS),
});

/** See `subjectSchema`. */
export interface Subject {
  readonly account: string;
  readonly name: string;
  readonly kind: CredentialKind;
}

/** Begin or end of an incident: when, in which message, and whether that message is on its way. */
const transitionSchema = z.object({ at: z.number(), batch: z.string(), told: z.literal(true).optional() });

/** What `wx:incidents` holds of an incident. Instants are epoch ms by Redis time. */
export const incidentSchema = z.object({
  rule: z.enum(RULE_NAMES as [Rule, ...Rule[]]),
  /** Absent when it is about the whole fleet. */
  subject: subjectSchema.optional(),
  /** Since when it holds. */
  since: z.number(),
  facts: factsSchema,
  /** It held long enough; until then nobody hears of it. */
  opened: transitionSchema.optional(),
  /** It does not hold at the moment, since then. */
  awayAt: z.number().optional(),
  /** It was away long enough. `gone`: because the account is no longer configured. */
  ended: transitionSchema.extend({ gone: z.literal(true).optional() }).optional(),
});

/** See `incidentSchema`. */
export type Incident = z.output<typeof incidentSchema>;

/** Incidents by their keys. */
export type Incidents = ReadonlyMap<string, Incident>;

/** Names an incident: there is one of a rule and a credential, or of a risk of Redis, at a time. */
export function incidentKey({ rule, subject, facts }: Pick<Incident, "rule" | "subject" | "facts">): string {
  return [rule, ...(subject ? [subject.account, subject.kind] : (facts.risks ?? []))].join(":");
}
