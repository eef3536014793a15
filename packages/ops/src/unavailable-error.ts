/** What the dashboard needs is not there: Redis, or its port. The message says what to do. */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
}
