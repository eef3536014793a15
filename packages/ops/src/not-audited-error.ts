/** The audit trail cannot be written. The message says what to do. */
export class NotAuditedError extends Error {
  override readonly name = "NotAuditedError";

  constructor() {
    super("Redis takes no audit entry, so nothing was done. Check its memory, disk and rights, then try again.");
  }
}
