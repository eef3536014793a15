import { CREDENTIAL_KINDS } from "@tokenkeeper/shared/contract";
import { z } from "zod";
import { REFUSALS, type RefusalWord } from "./refusal.ts";

// The bodies under `/v1`, once: the code's types and the OpenAPI document come from here.

const seconds = z.int().min(0);

/** A credential as it is given out. All lives are counted from now, so that no client's clock matters. */
export const credentialAnswer = z
  .strictObject({
    account: z.string().meta({ description: "The account's id: its appid." }),
    name: z.string().meta({ description: "The account's name in the worker's configuration." }),
    kind: z.enum(CREDENTIAL_KINDS),
    value: z.string().min(1).meta({ description: "The token or ticket; make room for 1,024 characters." }),
    fingerprint: z
      .string()
      .regex(/^[0-9a-f]{16}$/)
      .meta({ description: "First 16 hex digits of the value's SHA-256; what a report names it by." }),
    version: z
      .string()
      .regex(/^\d{1,16}$/)
      .meta({ description: "Another one whenever the value was stored anew. Compare for inequality only." }),
    expiresInSeconds: seconds.meta({ description: "What is left of its life." }),
    issuedSecondsAgo: seconds.meta({ description: "How long ago it was fetched from WeChat." }),
    keepForSeconds: seconds.meta({
      description:
        "How long it may be kept without asking again. A replaced value works for 5 more minutes at WeChat, so who asks this often never uses a dead one.",
    }),
  })
  .meta({ id: "Credential" });

/** A report that was passed on. */
export const reportAnswer = z
  .strictObject({
    status: z.literal("accepted").meta({
      description: "The worker asks WeChat whether the value is refused, and refreshes it if that is true.",
    }),
  })
  .meta({ id: "ReportAccepted" });

/** What a client says when WeChat refused a value. */
export const reportBody = z
  .strictObject({
    fingerprint: z
      .string()
      .regex(/^[0-9a-f]{16}$/)
      .meta({ description: "First 16 hex digits, lower case, of the SHA-256 of the refused value." }),
  })
  .meta({ id: "Report" });

const followQuestion = z.strictObject({
  account: z.string().min(1).max(64).meta({ description: "Its id or its name." }),
  kind: z.enum(CREDENTIAL_KINDS),
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional()
    .meta({ description: "Of the value that is held; absent when none is." }),
});

/** What an instance that follows this one holds. */
export const followBody = z
  .strictObject({ credentials: z.array(followQuestion).min(1).max(500) })
  .meta({ id: "Follow" });

/** Which of it is out of date. */
export const followAnswer = z
  .strictObject({
    changed: z
      .array(z.strictObject({ account: z.string(), kind: z.enum(CREDENTIAL_KINDS) }))
      .meta({ description: "Credentials of which another valid value is stored here. Read them." }),
  })
  .meta({ id: "FollowAnswer" });

/** Every refusal. */
export const problemAnswer = z
  .strictObject({
    error: z.enum(Object.keys(REFUSALS) as [RefusalWord, ...RefusalWord[]]),
    message: z.string().min(1).meta({ description: "What happened and what to do." }),
  })
  .meta({ id: "Problem" });

/** The body of a credential's answer. */
export type CredentialAnswer = z.output<typeof credentialAnswer>;

/** One credential that a follower holds. */
export type FollowQuestion = z.output<typeof followQuestion>;

/** The body of the answer to a follower. */
export type FollowAnswer = z.output<typeof followAnswer>;
