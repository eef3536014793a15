/** Why a credential could not be had. */
export type UnavailableReason = "unknown_account" | "missing" | "redis_unreachable";

const SENTENCES: Record<UnavailableReason, string> = {
  unknown_account: "no worker keeps an account of this id or name; check the worker's configuration",
  missing:
    "Redis holds no valid value for it and none came in time; look at the failed jobs of the dashboard for the cause",
  redis_unreachable:
    "Redis does not answer, or refuses to, and this process holds no valid copy; check REDIS_URL, the server and its user's rights",
};

/** A credential is not available; `reason` says why, the message what to do. Holds no secret and no cause. */
export class TokenUnavailableError extends Error {
  override readonly name = "TokenUnavailableError";
  readonly code = "TOKEN_UNAVAILABLE";
  readonly account: string;
  readonly kind: string;
  readonly reason: UnavailableReason;

  constructor(details: { account: string; kind: string; reason: UnavailableReason }) {
    super(`${details.kind} of "${details.account}" is not available: ${SENTENCES[details.reason]}`);
    this.account = details.account;
    this.kind = details.kind;
    this.reason = details.reason;
  }
}

/** The token client was made without a Redis to read from. */
export class TokenClientUsageError extends Error {
  override readonly name = "TokenClientUsageError";
  readonly code = "TOKEN_CLIENT_USAGE";
}
