import type { Response } from "express";

/** What a user may do; the table of `access.ts` enforces it, pages leave out what is not allowed. */
export type Role = "viewer" | "operator" | "admin";

/** Who sent a request that the gate let through. */
export interface SignedInUser {
  readonly name: string;
  readonly role: Role;
}

/** The user whom the gate found. One without a role is the only one there is, and may do everything. */
export function signedInUser(response: Response): SignedInUser {
  const found = response.locals["user"] as string | SignedInUser;
  return typeof found === "string" ? { name: found, role: "admin" } : found;
}
