import { createHash, timingSafeEqual } from "node:crypto";

/** User name and password, as configured or as typed. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Whether both are right, in the same time whatever is wrong: digests of equal length, and both are always compared. */
export function matches(typed: Credentials, configured: Credentials): boolean {
  const user = timingSafeEqual(digest(typed.user), digest(configured.user));
  const password = timingSafeEqual(digest(typed.password), digest(configured.password));
  return user && password;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
