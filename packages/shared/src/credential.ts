/** The kinds of credential that are kept. A credential is an account and a kind. */
export const CREDENTIAL_KINDS = ["access_token", "jsapi_ticket", "wx_card_ticket"] as const;

/** `access_token`, `jsapi_ticket` or `wx_card_ticket`. */
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

/** Names one credential: the account's id (its appid) and the kind. */
export interface CredentialRef {
  readonly account: string;
  readonly kind: CredentialKind;
}

/** The short name of a ticket as WeChat's `type` parameter has it, and the credential kind it is kept under. */
export const TICKET_KINDS = { jsapi: "jsapi_ticket", wx_card: "wx_card_ticket" } as const;

/** `jsapi` or `wx_card`. */
export type TicketType = keyof typeof TICKET_KINDS;

/** `<account>:<kind>`, the id of a credential in jobs, logs and caches. */
export function credentialId(credential: CredentialRef): string {
  return `${credential.account}:${credential.kind}`;
}

/** Whether a value from outside is one of the kinds. */
export function isCredentialKind(value: unknown): value is CredentialKind {
  return CREDENTIAL_KINDS.some((kind) => kind === value);
}

/** An appid: `wx` and 16 letters or digits, case-sensitive (WeChat's own form). */
export const APP_ID_PATTERN = /^wx[0-9A-Za-z]{16}$/;

/** What the id of an account of any family may look like; none can reach out of the braces of a key. */
export const ACCOUNT_ID_PATTERN = /^[0-9A-Za-z._-]{1,64}$/;
